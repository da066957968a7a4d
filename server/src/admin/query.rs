//! The query of a request to the administration.

use std::str::FromStr;

use super::error::AdminError;

/// Rows of a list, if the query has no `limit`.
const DEFAULT_LIMIT: usize = 100;
/// The largest `limit`: some 300 kB.
const MAX_LIMIT: usize = 1_000;

/// The parameters of a request. Each must be known and may be given only once.
#[derive(Debug)]
pub(super) struct Query<'q>(Vec<(&'q str, &'q str)>);

impl<'q> Query<'q> {
    /// Parses a query. Only the colons of an IPv6 address may be percent-encoded; no other value
    /// needs it.
    ///
    /// # Errors
    /// `bad_request`: a parameter is unknown or given twice.
    pub(super) fn parse(text: &'q str, known: &[&str]) -> Result<Self, AdminError> {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        let pairs: Vec<_> = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).collect();
        for (index, (name, _)) in pairs.iter().enumerate() {
            if !known.contains(name) {
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                return Err(AdminError::Query(format!("{name} is no parameter here: there is {known}")));
            }
            if pairs[..index].iter().any(|(other, _)| other == name) {
                return Err(AdminError::Query(format!("{name} is given twice")));
            }
        }
        Ok(Self(pairs))
    }

    pub(super) fn text(&self, name: &str) -> Option<&'q str> {
        self.0.iter().find(|(other, _)| *other == name).map(|(_, value)| *value)
    }

    /// The number of rows that the query asks for.
    ///
    /// # Errors
    /// `bad_request`: it is no whole number within its range.
    pub(super) fn limit(&self) -> Result<usize, AdminError> {
        let Some(text) = self.text("limit") else { return Ok(DEFAULT_LIMIT) };
        let limit = usize::from_str(text).ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
        limit.ok_or_else(|| AdminError::Query(format!("limit must be a whole number from 1 to {MAX_LIMIT}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_known_and_given_once() {
        let query = Query::parse("limit=7&after=x", &["after", "limit"]).unwrap();
        assert_eq!((query.limit(), query.text("after"), query.text("sort")), (Ok(7), Some("x"), None));
        assert_eq!(Query::parse("", &[]).unwrap().limit(), Ok(DEFAULT_LIMIT));
        for wrong in ["limits=7", "limit=7&limit=8"] {
            assert!(Query::parse(wrong, &["limit"]).is_err(), "{wrong}");
        }
        for wrong in ["limit=0", "limit=1001", "limit=", "limit=x", "limit"] {
            assert!(Query::parse(wrong, &["limit"]).unwrap().limit().is_err(), "{wrong}");
        }
    }
}
