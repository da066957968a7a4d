//! What a wasm module needs that is the whole program: an allocator, and what happens at a panic. Feature `npm`.

use lol_alloc::{AssumeSingleThreaded, FreeListAllocator};

/// A tenth of the size of std's, and half a kilobyte gzip smaller than the next larger one that was tried, talc. It keeps what is
/// free in one list, neighbours merged, and looks for the first piece that is large enough: quick where little is
/// allocated and freed soon, as here. `cargo xtask bench --page` shows that a page's memory stays flat over 600,000 messages.
#[global_allocator]
#[allow(
    unsafe_code,
    reason = "a lock that nobody else can hold would cost every page 50 bytes, and each allocation time"
)]
// SAFETY: it must be used by one thread only, and there is no other: `engines.rs` says why.
static ALLOCATOR: AssumeSingleThreaded<FreeListAllocator> =
    unsafe { AssumeSingleThreaded::new(FreeListAllocator::new()) };

/// A panic is a bug here. It stops the module with a trap, which the browser reports with the wasm's stack; a message would
/// need the machinery of formatting, which every page would load.
#[panic_handler]
fn panic(_: &::core::panic::PanicInfo<'_>) -> ! {
    ::core::arch::wasm32::unreachable()
}
