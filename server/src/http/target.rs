//! The paths that the HTTP routes answer.

/// What a path below the rooms' own path names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// `openapi.json`: the description of the routes, for programs.
    OpenApi,
    /// `codes/{code}`: the room of a short code.
    Code(String),
    /// `time`: the server's time.
    Time,
    /// `rooms`: all rooms.
    Rooms,
    /// `rooms/{uuid}`: one room.
    Room(String),
    /// `rooms/{uuid}/actions`: the actions of its owner.
    Actions(String),
    /// `rooms/{uuid}/roster`: who is there, for its owner.
    Roster(String),
    /// `rooms/{uuid}/lanes`: what followers say on its lanes.
    Lanes(String),
    /// `rooms/{uuid}/requests`: who may write.
    Requests(String),
    /// `rooms/{uuid}/events`: the events for its followers.
    Events(String),
    /// `rooms/{uuid}/recordings`: its recordings.
    Recordings(String),
    /// `rooms/{uuid}/recordings/{part}`: one of them.
    Recording(String, u64),
}

impl Target {
    /// The target of a path, which has no leading slash. None if the path names nothing.
    pub(super) fn parse(path: &str) -> Option<Self> {
        let mut segments = path.split('/');
        let target = match (segments.next()?, segments.next(), segments.next()) {
            ("openapi.json", None, None) => Self::OpenApi,
            ("codes", Some(code), None) if !code.is_empty() => Self::Code(code.to_owned()),
            ("time", None, None) => Self::Time,
            ("rooms", None, None) => Self::Rooms,
            ("rooms", Some(uuid), Some("recordings")) if !uuid.is_empty() => match segments.next() {
                None => Self::Recordings(uuid.to_owned()),
                Some("") => return None,
                // They are counted from 1, so what is no number names none of them.
                Some(part) => Self::Recording(uuid.to_owned(), part.parse().unwrap_or(0)),
            },
            ("rooms", Some(uuid), below) if !uuid.is_empty() => match below {
                None => Self::Room(uuid.to_owned()),
                Some("actions") => Self::Actions(uuid.to_owned()),
                Some("events") => Self::Events(uuid.to_owned()),
                Some("roster") => Self::Roster(uuid.to_owned()),
                Some("lanes") => Self::Lanes(uuid.to_owned()),
                Some("requests") => Self::Requests(uuid.to_owned()),
                Some(_) => return None,
            },
            _ => return None,
        };
        segments.next().is_none().then_some(target)
    }

    /// The methods that it takes, as the header `Allow` lists them.
    pub(super) fn methods(&self) -> &'static str {
        match self {
            Self::OpenApi => "GET, HEAD, OPTIONS",
            Self::Rooms | Self::Actions(_) | Self::Requests(_) => "POST, OPTIONS",
            Self::Lanes(_) => "GET, POST, OPTIONS",
            Self::Room(_) => "DELETE, OPTIONS",
            Self::Code(_) | Self::Events(_) | Self::Recordings(_) | Self::Roster(_) | Self::Time => {
                "GET, OPTIONS"
            }
            Self::Recording(..) => "GET, DELETE, OPTIONS",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_paths_are_ours() {
        assert_eq!(Target::parse("openapi.json"), Some(Target::OpenApi));
        assert_eq!(Target::parse("codes/a"), Some(Target::Code("a".to_owned())));
        assert_eq!(Target::parse("time"), Some(Target::Time));
        assert_eq!(Target::parse("rooms"), Some(Target::Rooms));
        assert_eq!(Target::parse("rooms/a"), Some(Target::Room("a".to_owned())));
        assert_eq!(Target::parse("rooms/a/actions"), Some(Target::Actions("a".to_owned())));
        assert_eq!(Target::parse("rooms/a/roster"), Some(Target::Roster("a".to_owned())));
        assert_eq!(Target::parse("rooms/a/lanes"), Some(Target::Lanes("a".to_owned())));
        assert_eq!(Target::parse("rooms/a/requests"), Some(Target::Requests("a".to_owned())));
        assert_eq!(Target::parse("rooms/a/events"), Some(Target::Events("a".to_owned())));
        assert_eq!(Target::parse("rooms/a/recordings"), Some(Target::Recordings("a".to_owned())));
        assert_eq!(Target::parse("rooms/a/recordings/2"), Some(Target::Recording("a".to_owned(), 2)));
        assert_eq!(Target::parse("rooms/a/recordings/x"), Some(Target::Recording("a".to_owned(), 0)));
        for other in [
            "",
            "rooms/a/recordings/",
            "rooms/a/recordings/1/",
            "codes",
            "codes/",
            "codes/a/",
            "room",
            "time/",
            "rooms/",
            "rooms//events",
            "rooms/a/",
            "rooms/a/other",
            "rooms/a/events/",
        ] {
            assert_eq!(Target::parse(other), None, "{other}");
        }
    }
}
