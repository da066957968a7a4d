//! What a wasm module needs if it is the whole program (feature `npm`): an allocator and a panic
//! handler.

use lol_alloc::{AssumeSingleThreaded, FreeListAllocator};

/// The smallest allocator that fits: a tenth of the size of std's, and half a kilobyte gzip smaller
/// than the next larger one that was tried, talc.
///
/// It keeps free memory in one list, with neighbours merged, and returns the first piece that is
/// large enough. That is quick where little is allocated and soon freed, as here.
/// `cargo xtask bench --page` shows that a page's memory stays flat over 600,000 messages.
#[cfg(not(target_feature = "atomics"))]
#[global_allocator]
#[allow(
    unsafe_code,
    reason = "a lock that nothing else can hold would cost every page 50 bytes and slow each allocation"
)]
// SAFETY: only one thread may use it, and there is only one: WebAssembly without the feature
// `atomics` has no instruction that would share its memory, and each worker has an instance and a
// memory of its own. With that feature this doesn't compile.
static ALLOCATOR: AssumeSingleThreaded<FreeListAllocator> =
    unsafe { AssumeSingleThreaded::new(FreeListAllocator::new()) };

/// A panic is a bug here. It stops the module with a trap, which the browser reports with the
/// wasm's stack. A message would need the code for formatting, which every page would load.
#[panic_handler]
fn panic(_: &::core::panic::PanicInfo<'_>) -> ! {
    ::core::arch::wasm32::unreachable()
}
