#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rtbroadcaster_tests::fuzz::log(data));
