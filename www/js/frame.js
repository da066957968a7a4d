/**
 * Runs `task` at most once per displayed frame, however often it is asked for. A page that isn't displayed gets no
 * frames; there it runs at once.
 *
 * @returns {{ request(): void, flush(): void }} `flush` runs what is waiting now
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
