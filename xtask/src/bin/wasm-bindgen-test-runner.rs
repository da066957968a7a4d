//! wasm-bindgen's test runner at the version of the lock file; cargo runs the SDK's tests through it.

fn main() -> anyhow::Result<()> {
    wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(std::env::args_os())
}
