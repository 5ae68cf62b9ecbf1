// The page of a job asks how far it is, and goes on when it has ended. Without scripts, its link does the same.
const job = document.querySelector("[data-job]");
if (job) {
  const bar = job.querySelector("progress"), said = job.querySelector("[role=status]");
  const ask = async () => {
    const answer = await fetch(job.dataset.job);
    const state = answer.ok ? await answer.json() : { ended: true };
    if (state.ended) return location.reload();
    if (state.total) { bar.max = Math.max(state.total, state.rows); bar.value = state.rows; }
    if (said.textContent !== state.said) said.textContent = state.said;
    setTimeout(ask, 500);
  };
  setTimeout(ask, 200);
}
