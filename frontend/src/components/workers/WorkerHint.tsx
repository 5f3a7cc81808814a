import classes from "./WorkerHint.module.css";

/** How to start a worker, on this machine and on another one. */
export function WorkerHint() {
  return (
    <dl className={classes.hint}>
      <dt>On this machine</dt>
      <dd>
        <code>opdboard up</code> starts a worker beside the web server; it needs{" "}
        <code>pip install 'opdboard[worker]'</code>.
      </dd>
      <dt>On another machine</dt>
      <dd>
        with <code>OPDBOARD_DATABASE_URL</code>, <code>OPDBOARD_BROKER_URL</code> and a shared{" "}
        <code>OPDBOARD_DATA_DIR</code> set as here:{" "}
        <code>celery -A opdboard_worker.app worker --pool threads --concurrency 1</code>
      </dd>
    </dl>
  );
}
