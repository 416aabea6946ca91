//! Kafka's own keys that have no effect here: accepted in a scenario and listed in the verdict as "no effect here".
//!
//! The lists are Apache Kafka 4.x's, without what is modelled (the structs beside this file) and without what 4.0 removed
//! (ZooKeeper, the old message formats). Sorted, so that a missing key is easy to see.
//!
//! Invariant: no key stands twice, none is modelled as well: a test in [`super::lookup`] holds it.

/// Keys of servers.
#[rustfmt::skip]
pub const BROKER: &[&str] = &[
    "add.partitions.to.txn.retry.backoff.max.ms", "add.partitions.to.txn.retry.backoff.ms", "advertised.listeners",
    "allow.everyone.if.no.acl.found", "alter.config.policy.class.name", "alter.log.dirs.replication.quota.window.num",
    "alter.log.dirs.replication.quota.window.size.seconds", "authorizer.class.name", "auto.create.topics.enable",
    "auto.include.jmx.reporter", "background.threads", "broker.id", "broker.session.uuid", "client.quota.callback.class",
    "compression.gzip.level", "compression.lz4.level", "compression.type", "compression.zstd.level", "config.providers",
    "connection.failed.authentication.delay.ms", "connections.max.idle.ms", "connections.max.reauth.ms",
    "controlled.shutdown.enable", "controlled.shutdown.max.retries", "controlled.shutdown.retry.backoff.ms",
    "controller.listener.names", "controller.performance.always.log.threshold.ms", "controller.performance.sample.period.ms",
    "controller.quorum.append.linger.max.ms", "controller.quorum.auto.join.enable", "controller.quorum.bootstrap.servers",
    "controller.quorum.voters", "controller.quota.window.num", "controller.quota.window.size.seconds",
    "create.topic.policy.class.name", "default.replication.factor", "delegation.token.expiry.check.interval.ms",
    "delegation.token.expiry.time.ms", "delegation.token.max.lifetime.ms", "delegation.token.secret.key",
    "delete.records.purgatory.purge.interval.requests", "delete.topic.enable", "early.start.listeners",
    "eligible.leader.replicas.enable", "fetch.max.bytes", "fetch.purgatory.purge.interval.requests",
    "group.consumer.max.heartbeat.interval.ms", "group.consumer.max.session.timeout.ms",
    "group.consumer.min.heartbeat.interval.ms", "group.consumer.min.session.timeout.ms",
    "group.consumer.regex.refresh.interval.ms", "group.coordinator.append.linger.ms", "group.coordinator.rebalance.protocols",
    "group.coordinator.threads", "group.share.assignors", "group.share.delivery.count.limit", "group.share.enable",
    "group.share.heartbeat.interval.ms", "group.share.max.groups", "group.share.max.heartbeat.interval.ms",
    "group.share.max.record.lock.duration.ms", "group.share.max.session.timeout.ms", "group.share.max.share.sessions",
    "group.share.max.size", "group.share.min.heartbeat.interval.ms", "group.share.min.record.lock.duration.ms",
    "group.share.min.session.timeout.ms", "group.share.partition.max.record.locks", "group.share.persister.class.name",
    "group.share.record.lock.duration.ms", "group.share.session.timeout.ms", "group.streams.heartbeat.interval.ms",
    "group.streams.max.heartbeat.interval.ms", "group.streams.max.session.timeout.ms", "group.streams.max.size",
    "group.streams.max.standby.replicas", "group.streams.min.heartbeat.interval.ms", "group.streams.min.session.timeout.ms",
    "group.streams.num.standby.replicas", "group.streams.session.timeout.ms", "initial.broker.registration.timeout.ms",
    "inter.broker.listener.name", "kafka.metrics.polling.interval.secs", "kafka.metrics.reporters",
    "listener.security.protocol.map", "listeners", "log.cleaner.backoff.ms", "log.cleaner.dedupe.buffer.size",
    "log.cleaner.delete.retention.ms", "log.cleaner.enable", "log.cleaner.io.buffer.load.factor", "log.cleaner.io.buffer.size",
    "log.cleaner.io.max.bytes.per.second", "log.cleaner.max.compaction.lag.ms", "log.cleaner.min.cleanable.ratio",
    "log.cleaner.min.compaction.lag.ms", "log.cleaner.threads", "log.cleanup.policy", "log.deletion.max.segments.per.run",
    "log.dir", "log.dir.failure.timeout.ms", "log.initial.task.delay.ms", "log.local.retention.bytes", "log.local.retention.ms",
    "log.preallocate", "log.retention.bytes", "log.retention.check.interval.ms", "log.retention.hours", "log.retention.minutes",
    "log.retention.ms", "log.roll.jitter.hours", "log.roll.jitter.ms", "log.segment.delete.delay.ms",
    "max.connection.creation.rate", "max.connections", "max.connections.per.ip", "max.connections.per.ip.overrides",
    "max.incremental.fetch.session.cache.slots", "max.request.partition.size.limit", "metadata.log.dir",
    "metadata.log.segment.ms", "metadata.max.idle.interval.ms", "metadata.max.retention.bytes", "metadata.max.retention.ms",
    "metric.reporters", "metrics.num.samples", "metrics.recording.level", "metrics.sample.window.ms", "node.id",
    "num.io.threads", "num.network.threads", "num.partitions", "num.recovery.threads.per.data.dir",
    "num.replica.alter.log.dirs.threads", "num.replica.fetchers", "offsets.load.buffer.size", "offsets.topic.compression.codec",
    "principal.builder.class", "process.roles", "producer.id.expiration.check.interval.ms", "producer.id.expiration.ms",
    "producer.purgatory.purge.interval.requests", "queued.max.request.bytes", "queued.max.requests", "quota.window.num",
    "quota.window.size.seconds", "remote.fetch.max.wait.ms", "remote.list.offsets.request.timeout.ms",
    "remote.log.index.file.cache.total.size.bytes", "remote.log.manager.copier.thread.pool.size",
    "remote.log.manager.copy.max.bytes.per.second", "remote.log.manager.expiration.thread.pool.size",
    "remote.log.manager.fetch.max.bytes.per.second", "remote.log.manager.follower.thread.pool.size",
    "remote.log.manager.task.interval.ms", "remote.log.manager.task.retry.backoff.max.ms",
    "remote.log.manager.task.retry.backoff.ms", "remote.log.manager.task.retry.jitter", "remote.log.manager.thread.pool.size",
    "remote.log.metadata.custom.metadata.max.bytes", "remote.log.metadata.manager.class.name",
    "remote.log.metadata.manager.class.path", "remote.log.metadata.manager.impl.prefix",
    "remote.log.metadata.manager.listener.name", "remote.log.reader.max.pending.tasks", "remote.log.reader.threads",
    "remote.log.storage.manager.class.name", "remote.log.storage.manager.class.path", "remote.log.storage.manager.impl.prefix",
    "remote.log.storage.system.enable", "replica.socket.receive.buffer.bytes", "replication.quota.window.num",
    "replication.quota.window.size.seconds", "request.timeout.ms", "reserved.broker.max.id",
    "sasl.client.callback.handler.class", "sasl.enabled.mechanisms", "sasl.jaas.config", "sasl.kerberos.kinit.cmd",
    "sasl.kerberos.min.time.before.relogin", "sasl.kerberos.principal.to.local.rules", "sasl.kerberos.service.name",
    "sasl.kerberos.ticket.renew.jitter", "sasl.kerberos.ticket.renew.window.factor", "sasl.login.callback.handler.class",
    "sasl.login.class", "sasl.mechanism.controller.protocol", "sasl.mechanism.inter.broker.protocol",
    "sasl.server.callback.handler.class", "sasl.server.max.receive.size", "security.inter.broker.protocol",
    "security.providers", "server.max.startup.time.ms", "share.coordinator.append.linger.ms",
    "share.coordinator.cold.partition.snapshot.interval.ms", "share.coordinator.load.buffer.size",
    "share.coordinator.snapshot.update.records.per.snapshot", "share.coordinator.state.topic.compression.codec",
    "share.coordinator.state.topic.min.isr", "share.coordinator.state.topic.num.partitions",
    "share.coordinator.state.topic.prune.interval.ms", "share.coordinator.state.topic.replication.factor",
    "share.coordinator.state.topic.segment.bytes", "share.coordinator.threads", "share.coordinator.write.timeout.ms",
    "share.fetch.purgatory.purge.interval.requests", "socket.connection.setup.timeout.max.ms",
    "socket.connection.setup.timeout.ms", "socket.listen.backlog.size", "socket.receive.buffer.bytes",
    "socket.send.buffer.bytes", "ssl.cipher.suites", "ssl.client.auth", "ssl.enabled.protocols",
    "ssl.endpoint.identification.algorithm", "ssl.key.password", "ssl.keystore.location", "ssl.keystore.password",
    "ssl.keystore.type", "ssl.principal.mapping.rules", "ssl.protocol", "ssl.truststore.location", "ssl.truststore.password",
    "ssl.truststore.type", "super.users", "telemetry.max.bytes", "transaction.abort.timed.out.transaction.cleanup.interval.ms",
    "transaction.max.timeout.ms", "transaction.partition.verification.enable",
    "transaction.remove.expired.transaction.cleanup.interval.ms", "transaction.state.log.load.buffer.size",
    "transaction.state.log.min.isr", "transaction.state.log.num.partitions", "transaction.state.log.replication.factor",
    "transaction.state.log.segment.bytes", "transaction.two.phase.commit.enable", "transactional.id.expiration.ms",
    "unstable.api.versions.enable", "unstable.feature.versions.enable",
];

/// Keys of topics.
#[rustfmt::skip]
pub const TOPIC: &[&str] = &[
    "cleanup.policy", "compression.gzip.level", "compression.lz4.level", "compression.type", "compression.zstd.level",
    "delete.retention.ms", "file.delete.delay.ms", "follower.replication.throttled.replicas",
    "leader.replication.throttled.replicas", "local.retention.bytes", "local.retention.ms", "max.compaction.lag.ms",
    "min.cleanable.dirty.ratio", "min.compaction.lag.ms", "preallocate", "remote.copy.lag.bytes", "remote.copy.lag.ms",
    "remote.log.copy.disable", "remote.log.delete.on.disable", "remote.storage.enable", "retention.bytes", "retention.ms",
    "segment.jitter.ms",
];

/// Keys of producers.
#[rustfmt::skip]
pub const PRODUCER: &[&str] = &[
    "auto.include.jmx.reporter", "bootstrap.servers", "client.dns.lookup", "client.id", "compression.gzip.level",
    "compression.lz4.level", "compression.type", "compression.zstd.level", "config.providers", "connections.max.idle.ms",
    "enable.metrics.push", "interceptor.classes", "key.serializer", "metadata.max.idle.ms", "metadata.recovery.rebootstrap.trigger.ms",
    "metadata.recovery.strategy", "metric.reporters", "metrics.num.samples", "metrics.recording.level",
    "metrics.sample.window.ms", "partitioner.adaptive.partitioning.enable", "partitioner.availability.timeout.ms",
    "partitioner.class", "partitioner.ignore.keys", "receive.buffer.bytes", "reconnect.backoff.max.ms", "reconnect.backoff.ms",
    "sasl.client.callback.handler.class", "sasl.jaas.config", "sasl.kerberos.service.name", "sasl.login.callback.handler.class",
    "sasl.login.class", "sasl.mechanism", "security.protocol", "security.providers", "send.buffer.bytes",
    "socket.connection.setup.timeout.max.ms", "socket.connection.setup.timeout.ms", "ssl.cipher.suites",
    "ssl.enabled.protocols", "ssl.endpoint.identification.algorithm", "ssl.key.password", "ssl.keystore.location",
    "ssl.keystore.password", "ssl.keystore.type", "ssl.protocol", "ssl.truststore.location", "ssl.truststore.password",
    "ssl.truststore.type", "transaction.timeout.ms", "transaction.two.phase.commit.enable", "transactional.id",
    "value.serializer",
];

/// Keys of consumers.
#[rustfmt::skip]
pub const CONSUMER: &[&str] = &[
    "allow.auto.create.topics", "auto.include.jmx.reporter", "bootstrap.servers", "client.dns.lookup", "client.id",
    "config.providers", "connections.max.idle.ms", "enable.metrics.push", "exclude.internal.topics", "interceptor.classes",
    "key.deserializer", "metadata.recovery.rebootstrap.trigger.ms", "metadata.recovery.strategy", "metric.reporters",
    "metrics.num.samples", "metrics.recording.level", "metrics.sample.window.ms", "receive.buffer.bytes",
    "reconnect.backoff.max.ms", "reconnect.backoff.ms", "sasl.client.callback.handler.class", "sasl.jaas.config",
    "sasl.kerberos.service.name", "sasl.login.callback.handler.class", "sasl.login.class", "sasl.mechanism",
    "security.protocol", "security.providers", "send.buffer.bytes", "share.acknowledgement.mode", "share.acquire.mode",
    "socket.connection.setup.timeout.max.ms", "socket.connection.setup.timeout.ms", "ssl.cipher.suites",
    "ssl.enabled.protocols", "ssl.endpoint.identification.algorithm", "ssl.key.password", "ssl.keystore.location",
    "ssl.keystore.password", "ssl.keystore.type", "ssl.protocol", "ssl.truststore.location", "ssl.truststore.password",
    "ssl.truststore.type", "value.deserializer",
];
