/**
 * Runs `task` at most once per displayed frame, however often it is requested. A page that isn't
 * displayed has no frames; there the task runs at once.
 *
 * @returns {{ request(): void, flush(): void }} `flush` runs a waiting task now
 */
export function everyFrame(task) {
  let waiting = 0;
  const run = () => {
    waiting = 0;
    task();
  };
  return {
    request() {
      if (document.hidden) run();
      else waiting ||= requestAnimationFrame(run);
    },
    flush() {
      if (!waiting) return;
      cancelAnimationFrame(waiting);
      run();
    },
  };
}
