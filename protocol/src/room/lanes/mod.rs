//! Lanes: what followers say to the owner beside the log.

mod opening;
