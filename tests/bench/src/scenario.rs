//! The scenarios and their numbers.

use serde::{Deserialize, Serialize};

/// A situation that the benchmark measures.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, clap::ValueEnum, Serialize, Deserialize,
)]
pub(crate) enum Scenario {
    /// 1,000 followers, 50 messages a second.
    Paced,
    /// The same over TLS.
    PacedTls,
    /// A room of 1,000 at 5 messages a second, to count the system calls of a delivery.
    PacedCalls,
    /// 64 messages on their way to 1,000 followers.
    Saturated,
    /// 64 messages on their way to 200 followers.
    SaturatedSmall,
    /// The same, to count the system calls of a delivery.
    BusyCalls,
    /// 50,000 messages to 200 followers, as fast as TCP accepts them.
    Unthrottled,
    /// 500 rooms of 4 followers, 10 messages a second in each.
    Rooms,
    /// 10,000 followers that receive nothing, and then one message.
    Idle,
    /// The same over TLS.
    IdleTls,
    /// The same with 1,000 followers that take server-sent events.
    IdleEvents,
    /// Joins, one after another, to a room with 1,000 state messages.
    LateJoin,
    /// 2,000 joins at once to a live room.
    Storm,
    /// 18 followers, 2,000 messages a second of 480 bytes.
    Few,
    /// The same, and two more that take nothing.
    FewStalled,
    /// 700 followers, 50 messages a second of 480 bytes.
    Many,
    /// The same, and 300 more that take nothing.
    ManyStalled,
    /// As paced, every second follower with session fields.
    Mixed,
    /// As paced, with session fields for all, and every action acknowledged to the owner, as pages
    /// speak.
    Pages,
    /// A slot that changes 60 times a second, and 1,000 followers, 10 of which take 4 KiB a second.
    Slot,
    /// 10 followers, 64 actions that are not acknowledged yet.
    Acknowledged,
    /// 10 followers, 50 actions a second.
    Trickle,
    /// The server and its store are killed in the middle of load, and started again.
    Kill,
    /// Fills a store; then the server is started with it.
    Recovery,
    /// One owner and, on another node, one follower: 50 actions a second.
    Cluster50,
    /// The same, 500 actions a second.
    Cluster500,
    /// The same, 5,000 actions a second.
    Cluster5000,
    /// 10 followers on two nodes, 64 actions that are not acknowledged yet.
    ClusterSaturated,
    /// 400 followers on two nodes, 50 actions a second.
    ClusterPaced,
    /// 200 rooms of 4 followers on two nodes, 10 actions a second in each.
    ClusterRooms,
    /// The node with the owner is killed in the middle of load.
    ClusterOwnersNode,
    /// The node without the owner is killed in the middle of load.
    ClusterFollowersNode,
    /// 10,000 rooms in which nothing happens.
    ClusterIdle,
}

impl Scenario {
    /// What shows what a store costs.
    pub(crate) const OF_THE_STORE: [Self; 6] =
        [Self::Acknowledged, Self::Trickle, Self::Rooms, Self::Paced, Self::Kill, Self::Recovery];

    /// What shows what several nodes cost.
    pub(crate) const OF_A_CLUSTER: [Self; 9] = [
        Self::Cluster50,
        Self::Cluster500,
        Self::Cluster5000,
        Self::ClusterSaturated,
        Self::ClusterPaced,
        Self::ClusterRooms,
        Self::ClusterOwnersNode,
        Self::ClusterFollowersNode,
        Self::ClusterIdle,
    ];

    /// Whether it says something about one server without a store.
    pub(crate) fn is_of_one_server(self) -> bool {
        let needs_a_store = matches!(self, Self::Acknowledged | Self::Trickle | Self::Kill | Self::Recovery);
        !needs_a_store && !Self::OF_A_CLUSTER.contains(&self)
    }

    /// Whether a measured process is killed in it.
    pub(crate) fn kills(self) -> bool {
        matches!(self, Self::Kill | Self::ClusterOwnersNode | Self::ClusterFollowersNode)
    }

    /// Whether everybody speaks TLS in it.
    pub(crate) fn is_over_tls(self) -> bool {
        matches!(self, Self::PacedTls | Self::IdleTls)
    }

    /// Its name in a line of progress.
    pub(crate) fn name(self) -> String {
        clap::ValueEnum::to_possible_value(&self).map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// The title above its results.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Paced => "Paced: 1,000 followers, 50 messages a second",
            Self::PacedTls => "Paced over TLS: 1,000 followers, 50 messages a second",
            Self::PacedCalls => "System calls when paced: 1,000 followers, 5 messages a second",
            Self::Saturated => "Saturated: 1,000 followers, 64 messages on their way",
            Self::SaturatedSmall => "Saturated: 200 followers, 64 messages on their way",
            Self::BusyCalls => "System calls when busy: 200 followers, 64 messages on their way",
            Self::Unthrottled => "Unthrottled: 200 followers, 50,000 messages as fast as TCP takes them",
            Self::Rooms => "Many rooms: 500 of 4 followers, 10 messages a second in each",
            Self::Idle => "Idle: 10,000 followers, and then one message",
            Self::IdleTls => "Idle over TLS: 10,000 followers, and then one message",
            Self::IdleEvents => "Idle by server-sent events: 1,000 followers, and then one message",
            Self::LateJoin => "Late join: one after another, 1,000 retained messages",
            Self::Storm => "Storm: 2,000 joins at once into a live room",
            Self::Few => "None stalled: 18 followers, 2,000 messages a second of 480 bytes",
            Self::FewStalled => "2 of 20 stalled: 2,000 messages a second of 480 bytes",
            Self::Many => "None stalled: 700 followers, 50 messages a second of 480 bytes",
            Self::ManyStalled => "300 of 1,000 stalled: 50 messages a second of 480 bytes",
            Self::Mixed => "Mixed: as paced, every second follower with session fields",
            Self::Pages => "As pages speak: as paced, with session fields, every action acknowledged",
            Self::Slot => "A slot at 60 Hz: 1,000 followers, 10 of which take 4 KiB a second",
            Self::Acknowledged => "Acknowledged: 10 followers, 64 actions on their way to the owner's answer",
            Self::Trickle => "Trickle: 10 followers, 50 actions a second",
            Self::Kill => {
                "Killed in the middle of load: 2,000 actions a second, 10 followers, 5 of them away"
            }
            Self::Recovery => "Recovery: the start of a server with a full store",
            Self::Cluster50 => "One room, one follower on the other node: 50 actions a second",
            Self::Cluster500 => "One room, one follower on the other node: 500 actions a second",
            Self::Cluster5000 => "One room, one follower on the other node: 5,000 actions a second",
            Self::ClusterSaturated => {
                "Saturated: 10 followers on two nodes, 64 actions on their way to the owner's answer"
            }
            Self::ClusterPaced => "Paced: 400 followers on two nodes, 50 actions a second",
            Self::ClusterRooms => "Many rooms: 200 of 4 followers on two nodes, 10 actions a second in each",
            Self::ClusterOwnersNode => {
                "The owner's node is killed: 2,000 actions a second, 10 followers on two nodes"
            }
            Self::ClusterFollowersNode => {
                "The other node is killed: 2,000 actions a second, 10 followers on two nodes"
            }
            Self::ClusterIdle => "Idle: 10,000 rooms, each with its owner here and a follower there",
        }
    }
}

/// How long scenarios last, and how large they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Extent {
    /// For figures to publish.
    Full,
    /// For a quick look.
    Quick,
    /// For CI: within 1,024 descriptors.
    Check,
}

impl Extent {
    /// The length in seconds of the measured part of a scenario that goes by the clock.
    pub(crate) fn seconds(self) -> f64 {
        match self {
            Self::Full => 5.0,
            Self::Quick => 3.0,
            Self::Check => 2.0,
        }
    }

    /// How many turns each candidate gets.
    pub(crate) fn rounds(self) -> usize {
        match self {
            Self::Full => 5,
            Self::Quick | Self::Check => 3,
        }
    }

    /// How many times a disturbed turn is repeated.
    pub(crate) fn repetitions(self) -> usize {
        match self {
            Self::Full => 2,
            Self::Quick | Self::Check => 0,
        }
    }

    /// The size of the store that a server is started with; MiB.
    pub(crate) fn store_mebibytes(self) -> u64 {
        match self {
            Self::Full => 1024,
            Self::Quick | Self::Check => 64,
        }
    }

    /// The number of followers in a scenario that wants this many.
    pub(crate) fn followers(self, wanted: usize) -> usize {
        match self {
            Self::Full | Self::Quick => wanted,
            Self::Check => wanted.min(500),
        }
    }
}
