// Events of a storefront, each batch when it is due, and product pages meanwhile.
//   BATCHES=batches.txt BATCH_RATE=200 READ_RATE=20 SECONDS=60 PRODUCTS=200 URL=http://127.0.0.1:8080 k6 run tests/load/k6/events.js
// BATCHES has a body a line, made beforehand (tests/load/stories.py): to make them here would cost more than to send them.
import http from "k6/http";
import { check } from "k6";
import exec from "k6/execution";
import { SharedArray } from "k6/data";
import { SECONDS, TREND, URL, anyId, ask, parameters } from "./storefront.js";

export { handleSummary } from "./storefront.js";

const BATCHES = new SharedArray("batches", () => open(__ENV.BATCHES).trim().split("\n"));
const TOLD = parameters("events", { "Content-Type": "application/json" });

function scenario(name, rate) {
  // Each has a copy of this program to begin with, which costs as much as many requests: to make more meanwhile leaves some out.
  const vus = { preAllocatedVUs: Math.max(20, Math.ceil(rate / 3)) };
  return { executor: "constant-arrival-rate", exec: name, rate, timeUnit: "1s", duration: `${SECONDS}s`, gracefulStop: "10s", ...vus };
}

export const options = {
  discardResponseBodies: true,
  summaryTrendStats: TREND,
  scenarios: { events: scenario("events", Number(__ENV.BATCH_RATE)), detail: scenario("detail", Number(__ENV.READ_RATE)) },
  thresholds: Object.assign(
    { dropped_iterations: ["count==0"] },
    ...["events", "detail"].map((endpoint) => ({
      [`http_req_failed{endpoint:${endpoint}}`]: ["rate==0"],
      [`http_reqs{endpoint:${endpoint}}`]: ["count>0"],
      [`http_req_duration{endpoint:${endpoint}}`]: ["max>=0"],
    })),
  ),
};

export function events() {
  const body = BATCHES[exec.scenario.iterationInTest];
  const answer = http.post(`${URL}/events`, body, TOLD);
  check(answer, { "status is 202": (one) => one.status === 202 });
}

export function detail() {
  ask("detail", anyId());
}
