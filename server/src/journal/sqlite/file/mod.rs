//! What is in the directory of a store: the database, its rows, and the lock beside it.

pub(super) mod batch;
pub(super) mod database;
pub(super) mod index;
pub(super) mod life;
pub(super) mod lock;
pub(super) mod machine;
pub(super) mod row;
pub(super) mod scan;
