//! Writes what a server says of lanes. Only clients that speak session fields are told.

use alloc::string::String;

use super::status;
use crate::wire::json_writer::{ObjectWriter, list, write_number};
use crate::{LaneTotals, Refusal, SaidBy, Status};

/// Writes how many said what.
pub(crate) fn lane_totals(out: &mut String, lanes: &[LaneTotals]) {
    let mut object = ObjectWriter::new(out);
    object.object("counts", |fields| {
        for LaneTotals { name, symbols, counts, .. } in lanes {
            match counts {
                None => {}
                Some(counts) if symbols.is_empty() => {
                    let counts = list(counts, |out, count| write_number(out, *count));
                    fields.raw_under(name, &counts);
                }
                Some(counts) => {
                    let mut of_symbols = String::new();
                    let mut inner = ObjectWriter::new(&mut of_symbols);
                    for (symbol, count) in symbols.iter().zip(counts) {
                        let mut number = String::new();
                        write_number(&mut number, *count);
                        inner.raw_under(symbol, &number);
                    }
                    inner.end();
                    fields.raw_under(name, &of_symbols);
                }
            }
        }
    });
    if lanes.iter().any(|lane| lane.dropped > 0) {
        object.object("dropped", |fields| {
            for LaneTotals { name, dropped, .. } in lanes.iter().filter(|lane| lane.dropped > 0) {
                let mut number = String::new();
                write_number(&mut number, *dropped);
                fields.raw_under(name, &number);
            }
        });
    }
    object.end();
}

/// Writes what followers have said one by one.
pub(crate) fn lane_said(out: &mut String, said: &[SaidBy<'_>]) {
    let said = list(said, |out, SaidBy { lane, seat, name, value }| {
        let mut object = ObjectWriter::new(out);
        object.text("lane", lane).optional_number("seat", seat.map(u64::from));
        object.optional_text("name", *name).raw("value", value);
        object.end();
    });
    let mut object = ObjectWriter::new(out);
    object.raw("said", &said);
    object.end();
}

/// Writes that a vote counts.
pub(crate) fn voted(out: &mut String, lane: &str, option: u64, number: u64) {
    let mut object = ObjectWriter::new(out);
    object.text("lane", lane).number("voted", option).number("n", number);
    object.end();
}

/// Writes the refusal of what was said on a lane. `number` is that of a vote.
pub(crate) fn refused_on_lane(out: &mut String, lane: &str, number: Option<u64>, refusal: &Refusal) {
    let mut object = ObjectWriter::new(out);
    status(&mut object, Status::NotConnected, Some(&refusal.message));
    object.object("error", |fields| {
        fields
            .text("code", &refusal.code)
            .text("message", &refusal.message)
            .text("lane", lane)
            .optional_number("n", number)
            .optional_number("retryAfterMs", refusal.retry_after_ms);
    });
    object.end();
}
