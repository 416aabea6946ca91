//! A member in the golden scripts of groups: what it knows of itself, and what it hears.

use std::error::Error;
use std::sync::Arc;

use goldenscript::ArgumentConsumer;
use tribunal::event::{InstanceId, MemberId};
use tribunal::protocol::Response;
use tribunal::time::Duration;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// What a member knows of itself.
#[derive(Clone)]
pub struct Client {
    pub id: MemberId,
    pub generation: i32,
    pub instance: Option<InstanceId>,
    pub topics: Vec<String>,
    pub protocols: Vec<String>,
    pub session: Duration,
    pub rebalance: Duration,
}

impl Client {
    pub fn new() -> Self {
        Self {
            id: MemberId::default(),
            generation: -1,
            instance: None,
            topics: vec!["orders".to_owned()],
            protocols: vec!["range".to_owned()],
            session: Duration::from_millis(1_000),
            rebalance: Duration::from_millis(2_000),
        }
    }

    pub fn hear(&mut self, response: &Response) {
        match response {
            Response::JoinGroup(joined) if joined.error.is_none() => {
                (self.id, self.generation) = (joined.member.clone(), joined.generation);
            }
            Response::JoinGroup(joined) if self.id.is_empty() => self.id = joined.member.clone(),
            Response::ConsumerGroupHeartbeat(beat) if beat.error.is_none() => {
                (self.id, self.generation) = (beat.member.clone(), beat.epoch);
            }
            _ => {}
        }
    }

    /// The member as a command describes it: what it is holds on, what it says of its id and generation does not.
    pub fn as_said(&mut self, args: &mut ArgumentConsumer<'_>) -> Outcome<Self> {
        let words = |list: &str| list.split('/').filter(|word| !word.is_empty()).map(str::to_owned).collect();
        if let Some(instance) = args.take_key("instance") {
            self.instance = Some(Arc::new(instance.to_owned()));
        }
        if let Some(topics) = args.take_key("topics") {
            self.topics = words(topics);
        }
        if let Some(protocols) = args.take_key("protocols") {
            self.protocols = words(protocols);
        }
        if let Some(session) = args.take_key("session") {
            self.session = millis(session)?;
        }
        if let Some(rebalance) = args.take_key("rebalance") {
            self.rebalance = millis(rebalance)?;
        }
        let mut said = self.clone();
        if let Some(id) = args.take_key("id") {
            said.id = MemberId::new(if id == "none" { String::new() } else { id.to_owned() });
        }
        if let Some(generation) = args.take_key("generation").or(args.take_key("epoch")) {
            said.generation = generation.parse()?;
        }
        Ok(said)
    }
}

/// A span in milliseconds.
pub fn millis(word: &str) -> Outcome<Duration> {
    Ok(Duration::from_millis(word.parse()?))
}
