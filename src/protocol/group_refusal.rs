//! The same for what is asked of a group coordinator.

use super::{
    ConsumerGroupDescribeResponse, ConsumerGroupHeartbeatResponse, DeleteGroupsResponse, DescribeGroupsResponse,
    FindCoordinatorResponse, HeartbeatResponse, JoinGroupResponse, LeaveGroupResponse, ListGroupsResponse, OffsetCommitResponse,
    OffsetDeleteResponse, OffsetFetchResponse, Request, Response, SyncGroupResponse,
};
use crate::error::ErrorCode;
use crate::event::{GroupId, MemberId};
use crate::time::Duration;

/// The answer to a coordinator's request that says nothing but this code.
///
/// # Panics
/// When it is no request to a coordinator.
pub(super) fn refused(request: &Request, code: ErrorCode) -> Response {
    let error = Some(code);
    let all = |groups: &[GroupId]| groups.iter().map(|group| (group.clone(), Err(code))).collect();
    match request {
        Request::FindCoordinator(request) => {
            FindCoordinatorResponse { coordinators: request.groups.iter().map(|group| (group.clone(), Err(code))).collect() }.into()
        }
        Request::JoinGroup(request) => JoinGroupResponse {
            error,
            generation: -1,
            protocol: None,
            leader: MemberId::default(),
            member: request.member.clone(),
            members: Vec::new(),
            skip_assignment: false,
        }
        .into(),
        Request::SyncGroup(_) => SyncGroupResponse { error, protocol: None, assignment: Vec::new() }.into(),
        Request::Heartbeat(_) => HeartbeatResponse { error }.into(),
        Request::LeaveGroup(_) => LeaveGroupResponse { error, members: Vec::new() }.into(),
        Request::DescribeGroups(request) => DescribeGroupsResponse { groups: all(&request.groups) }.into(),
        Request::ConsumerGroupDescribe(request) => ConsumerGroupDescribeResponse { groups: all(&request.groups) }.into(),
        Request::ListGroups(_) => ListGroupsResponse { error, groups: Vec::new() }.into(),
        Request::DeleteGroups(request) => {
            DeleteGroupsResponse { groups: request.groups.iter().map(|group| (group.clone(), error)).collect() }.into()
        }
        Request::ConsumerGroupHeartbeat(request) => ConsumerGroupHeartbeatResponse {
            error,
            member: request.member.clone(),
            epoch: request.epoch,
            heartbeat_interval: Duration::ZERO,
            assignment: None,
        }
        .into(),
        Request::OffsetCommit(request) => {
            let refused = request.partitions.iter().map(|item| (item.partition.clone(), error));
            OffsetCommitResponse { partitions: refused.collect() }.into()
        }
        Request::OffsetFetch(_) => OffsetFetchResponse { error, partitions: Vec::new() }.into(),
        Request::OffsetDelete(_) => OffsetDeleteResponse { error, partitions: Vec::new() }.into(),
        other => panic!("API {} is not a coordinator's", other.api() as u8),
    }
}
