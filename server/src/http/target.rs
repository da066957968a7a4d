//! What can be asked for over HTTP.

/// What stands behind a path below that of the rooms.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// `openapi.json`: what all of it is, for programs.
    OpenApi,
    /// `rooms`: all rooms.
    Rooms,
    /// `rooms/{uuid}`: one of them.
    Room(String),
    /// `rooms/{uuid}/actions`: what its owner says.
    Actions(String),
    /// `rooms/{uuid}/events`: what its followers hear.
    Events(String),
}

impl Target {
    /// The target of a path without its first slash; none if there is nothing.
    pub(super) fn parse(path: &str) -> Option<Self> {
        let mut segments = path.split('/');
        let target = match (segments.next()?, segments.next(), segments.next()) {
            ("openapi.json", None, None) => Self::OpenApi,
            ("rooms", None, None) => Self::Rooms,
            ("rooms", Some(uuid), below) if !uuid.is_empty() => match below {
                None => Self::Room(uuid.to_owned()),
                Some("actions") => Self::Actions(uuid.to_owned()),
                Some("events") => Self::Events(uuid.to_owned()),
                Some(_) => return None,
            },
            _ => return None,
        };
        segments.next().is_none().then_some(target)
    }

    /// The methods that it takes, as the header `Allow` has them.
    pub(super) fn methods(&self) -> &'static str {
        match self {
            Self::OpenApi => "GET, HEAD, OPTIONS",
            Self::Rooms | Self::Actions(_) => "POST, OPTIONS",
            Self::Room(_) => "DELETE, OPTIONS",
            Self::Events(_) => "GET, OPTIONS",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_paths_are_ours() {
        assert_eq!(Target::parse("openapi.json"), Some(Target::OpenApi));
        assert_eq!(Target::parse("rooms"), Some(Target::Rooms));
        assert_eq!(Target::parse("rooms/a"), Some(Target::Room("a".to_owned())));
        assert_eq!(Target::parse("rooms/a/actions"), Some(Target::Actions("a".to_owned())));
        assert_eq!(Target::parse("rooms/a/events"), Some(Target::Events("a".to_owned())));
        for other in ["", "room", "rooms/", "rooms//events", "rooms/a/", "rooms/a/other", "rooms/a/events/"] {
            assert_eq!(Target::parse(other), None, "{other}");
        }
    }
}
