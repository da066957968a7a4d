//! Every metric, with its name and its help text.

/// A metric and all its series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Family {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) help: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

macro_rules! families {
    ($($constant:ident = $kind:ident $name:literal: $help:literal;)*) => {
        $(pub(super) const $constant: Family = Family { name: $name, kind: Kind::$kind, help: $help };)*
    };
}

families! {
    BUILD = Gauge "rtbroadcaster_build_info": "Always 1; the version is a label.";
    STARTED = Gauge "process_start_time_seconds": "When the server started, in seconds since 1970.";
    TASKS = Gauge "rtbroadcaster_tasks": "Tasks of the runtime that are alive: one for each connection, and some more.";
    LOG_LINES_DROPPED = Counter "rtbroadcaster_log_lines_dropped_total": "Lines of the log that were dropped because nobody read it in time.";
    WEBHOOK_DELIVERED = Counter "rtbroadcaster_webhook_delivered_total": "Events of rooms that the webhook has taken.";
    WEBHOOK_DROPPED = Counter "rtbroadcaster_webhook_dropped_total":
        "Events of rooms that the webhook was not told, because too many waited or it did not take them in time.";
    CONNECTIONS = Gauge "rtbroadcaster_connections": "Clients that are connected: websockets, and streams of events over HTTP.";
    CONNECTIONS_LIMIT = Gauge "rtbroadcaster_connections_limit": "Connections that may be open (--connections).";
    OPENED = Counter "rtbroadcaster_connections_opened_total": "Connections that were opened.";
    CLOSED = Counter "rtbroadcaster_connections_closed_total":
        "Connections that ended, by who ended them and the close code; 1006 are those that broke.";
    HANDSHAKES_REFUSED = Counter "rtbroadcaster_handshakes_refused_total":
        "Requests that were not upgraded to a websocket, and TCP connections that were closed at once, by the reason.";
    ROOMS = Gauge "rtbroadcaster_rooms": "Rooms that are open.";
    ROOMS_LIMIT = Gauge "rtbroadcaster_rooms_limit": "Rooms that may be open (--rooms).";
    ROOMS_OPENED = Counter "rtbroadcaster_rooms_opened_total": "Rooms that were opened.";
    ROOMS_CLOSED = Counter "rtbroadcaster_rooms_closed_total": "Rooms that were closed, for whatever reason.";
    CODE_LOOKUPS = Counter "rtbroadcaster_code_lookups_total": "Short codes of rooms that clients asked for, by the outcome.";
    ROSTER_ASKED = Counter "rtbroadcaster_roster_asked_total": "Questions of clients who is there, by the outcome.";
    LANE_MESSAGES = Counter "rtbroadcaster_lane_messages_total": "Messages that clients sent on lanes, by the kind and the outcome.";
    PASSES = Counter "rtbroadcaster_hand_overs_total": "Times that the right to write was passed on in a room.";
    REQUESTS = Counter "rtbroadcaster_hand_over_requests_total": "Requests for the right to write, by the outcome.";
    LANES = Gauge "rtbroadcaster_lanes": "Lanes of all rooms that are open.";
    VOTERS = Gauge "rtbroadcaster_voters": "Voters of all lanes.";
    RECORDINGS = Gauge "rtbroadcaster_recordings": "Recordings that are kept, with those that are being made.";
    RECORDINGS_BYTES = Gauge "rtbroadcaster_recordings_bytes": "Bytes of all recordings that are kept.";
    RECORDINGS_BEGUN = Counter "rtbroadcaster_recordings_begun_total": "Recordings of rooms that began.";
    RECORDINGS_ENDED = Counter "rtbroadcaster_recordings_ended_total": "Recordings of rooms that ended, by why.";
    RECORDED = Counter "rtbroadcaster_recorded_bytes_total": "Bytes written to recordings.";
    OWNERS_AWAY = Gauge "rtbroadcaster_owners_away": "Open rooms whose owner has no connection.";
    FOLLOWERS = Gauge "rtbroadcaster_followers": "Followers of all rooms.";
    LAGGING = Gauge "rtbroadcaster_followers_lagging": "Followers that were not served all that there is.";
    LAG = Gauge "rtbroadcaster_lag_actions": "Actions that followers were not served yet, added up.";
    LAG_GREATEST = Gauge "rtbroadcaster_lag_greatest_actions":
        "Actions that the follower which is furthest behind was not served yet.";
    APPENDED = Counter "rtbroadcaster_actions_total": "Actions that owners had appended to their rooms.";
    DELIVERIES = Counter "rtbroadcaster_deliveries_total":
        "Actions written to clients: out of the ring, or retained ones out of a snapshot.";
    FRAMES = Counter "rtbroadcaster_frames_sent_total":
        "Frames of messages written to clients, or events as many; one may hold many actions.";
    RECEIVED = Counter "rtbroadcaster_received_bytes_total": "Bytes read from connections.";
    SENT = Counter "rtbroadcaster_sent_bytes_total": "Bytes written to connections.";
    RESYNCS = Counter "rtbroadcaster_resyncs_total":
        "Snapshots begun in place of actions that a follower has missed for good.";
    REFUSALS = Counter "rtbroadcaster_refusals_total": "Messages of clients that were refused, by the code.";
    LATENCY = Histogram "rtbroadcaster_delivery_seconds":
        "From the append of an action until it is written to all followers of a fan-out that keep up; once for each fan-out, or for each client whose own task writes.";
    MEMORY = Gauge "rtbroadcaster_room_memory_bytes": "Memory that all rooms take together, rings and state.";
    MEMORY_LIMIT = Gauge "rtbroadcaster_room_memory_limit_bytes": "Memory that all rooms may take together (--room-memory-bytes).";
    RING = Gauge "rtbroadcaster_ring_bytes": "Bytes of the actions that all rooms remember.";
    SLOTS = Gauge "rtbroadcaster_slots": "State messages that all rooms retain.";
    SLOT_BYTES = Gauge "rtbroadcaster_slot_bytes": "Bytes of the state messages that all rooms retain.";
    SNAPSHOTS = Gauge "rtbroadcaster_snapshot_bytes": "Bytes of the snapshots that are rendered.";
}

#[cfg(feature = "store")]
families! {
    STORED_ROOMS = Gauge "rtbroadcaster_stored_rooms": "Rooms of which something is stored (--data).";
    STORE_COMMITS = Counter "rtbroadcaster_store_commits_total": "Groups of changes that were stored.";
    STORE_ROWS = Counter "rtbroadcaster_store_rows_total":
        "Rows that were stored: for each room in a group one, with all its changes.";
    STORE_BYTES = Counter "rtbroadcaster_store_written_bytes_total": "Bytes of the changes that were stored.";
    STORE_BACKLOG = Gauge "rtbroadcaster_store_backlog_bytes":
        "Bytes of changes that wait to be stored; until then they are neither acknowledged nor delivered.";
    STORE_FILE = Gauge "rtbroadcaster_store_file_bytes": "Size of the store's file.";
    STORE_WAL = Gauge "rtbroadcaster_store_wal_bytes":
        "Size of what was stored and is not in the store's file itself yet (SQLite's WAL).";
    STORE_HELD_BACK = Counter "rtbroadcaster_store_held_back_total":
        "Times that another program, which read the store's file, has kept the WAL from becoming shorter.";
    STORE_LATENCY = Histogram "rtbroadcaster_store_commit_seconds": "How long it took to store a group of changes.";
}

#[cfg(feature = "cluster")]
families! {
    CLUSTER_READY = Gauge "rtbroadcaster_cluster_ready":
        "1 if JetStream has answered within 15 s, so that rooms can be had and kept, and 0 if not (--nats).";
    CLUSTER_SILENCE = Gauge "rtbroadcaster_cluster_silence_seconds": "Time since JetStream has answered last.";
    CLUSTER_NODES = Gauge "rtbroadcaster_cluster_nodes": "Nodes of the cluster that this one hears of, itself among them.";
    CLUSTER_CLOCK_DIFFERENCE = Gauge "rtbroadcaster_cluster_clock_difference_seconds":
        "How much the clock of another node differs from this one's, at most.";
    CLUSTER_REPLICAS = Gauge "rtbroadcaster_cluster_replicas": "Rooms of which this node has a replica.";
    CLUSTER_BEHIND = Gauge "rtbroadcaster_cluster_replicas_behind": "Replicas that lack something that their logs have.";
    CLUSTER_PROPOSING = Gauge "rtbroadcaster_cluster_proposing_rooms":
        "Rooms with a proposal that the log has not answered yet.";
    CLUSTER_OLDEST_PROPOSAL = Gauge "rtbroadcaster_cluster_oldest_proposal_seconds":
        "How long the oldest proposal waits that the log has not answered yet.";
    CLUSTER_PROPOSALS = Counter "rtbroadcaster_cluster_proposals_total":
        "Groups of changes that were proposed to the logs of rooms.";
    CLUSTER_LATENCY = Histogram "rtbroadcaster_cluster_proposal_seconds":
        "How long it took until the outcome of a proposal was known.";
    CLUSTER_REPETITIONS = Counter "rtbroadcaster_cluster_repetitions_total":
        "Times that a proposal was sent again, because it was not answered or there was no place.";
    CLUSTER_CONFLICTS = Counter "rtbroadcaster_cluster_conflicts_total":
        "Times that a change was lost, because another node's came first.";
    CLUSTER_ENTRIES = Counter "rtbroadcaster_cluster_entries_total": "Entries of other nodes that were taken out of logs.";
    CLUSTER_HOLES = Counter "rtbroadcaster_cluster_holes_total": "Times that entries were missing and had to be read.";
    CLUSTER_LOADS = Counter "rtbroadcaster_cluster_loads_total": "Replicas that were made out of logs, because somebody came.";
    CLUSTER_REBUILDS = Counter "rtbroadcaster_cluster_rebuilds_total":
        "Replicas that were made anew, after a lost change or missing entries.";
    CLUSTER_UNLOADS = Counter "rtbroadcaster_cluster_unloads_total": "Replicas that were given up because nobody needed them.";
    CLUSTER_CONNECTS = Counter "rtbroadcaster_cluster_connects_total": "Times that a connection to NATS was made.";
    CLUSTER_SLOW_CONSUMERS = Counter "rtbroadcaster_cluster_slow_consumers_total":
        "Times that messages of NATS were dropped because they were not taken in time.";
    CLUSTER_HANDED_POSTS = Counter "rtbroadcaster_cluster_handed_posts_total":
        "Posts that were handed to the node with the owner.";
    CLUSTER_ASKED_CODES = Counter "rtbroadcaster_cluster_asked_codes_total":
        "Short codes for whose rooms JetStream was asked, because none of those here has them.";
    CLUSTER_ROSTER_MESSAGES = Counter "rtbroadcaster_cluster_roster_messages_total":
        "Messages of other nodes about who is in a room.";
}
