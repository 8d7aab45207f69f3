// Each read of the storefront in turn, at a constant arrival rate, over the whole range of ids and pages.
//   RATE=500 SECONDS=20 PRODUCTS=100000 URL=http://127.0.0.1:8080 k6 run tests/load/k6/endpoints.js
// RATES gives each its own: '{"list":500,"detail":800}'. With VUS so many clients ask one request after another instead,
// which shows the top rate.
import { MOST_ERRORS, SECONDS, SLOWEST, TREND, anyId, anyPage, ask } from "./storefront.js";

export { handleSummary } from "./storefront.js";

const ENDPOINTS = ["list", "detail", "styles", "related"];
const RATE = Number(__ENV.RATE || 200);
const RATES = JSON.parse(__ENV.RATES || "{}");
const VUS = Number(__ENV.VUS || 0);

function scenario(endpoint, turn) {
  const common = { exec: endpoint, startTime: `${turn * (SECONDS + 1)}s`, duration: `${SECONDS}s`, gracefulStop: "1s" };
  if (VUS) return { executor: "constant-vus", vus: VUS, ...common };
  const rate = RATES[endpoint] || RATE;
  return { executor: "constant-arrival-rate", rate, timeUnit: "1s", preAllocatedVUs: 50, maxVUs: 200, ...common };
}

function threshold(endpoint) {
  const limits = {
    [`http_req_failed{endpoint:${endpoint}}`]: [MOST_ERRORS],
    [`http_reqs{endpoint:${endpoint}}`]: ["count>0"],
    [`http_req_duration{endpoint:${endpoint}}`]: [VUS ? "max>=0" : SLOWEST],
  };
  return VUS ? limits : { ...limits, dropped_iterations: ["rate<1"] };
}

export const options = {
  discardResponseBodies: true,
  summaryTrendStats: TREND,
  scenarios: Object.fromEntries(ENDPOINTS.map((endpoint, turn) => [endpoint, scenario(endpoint, turn)])),
  thresholds: Object.assign({}, ...ENDPOINTS.map(threshold)),
};

export function list() {
  ask("list", anyPage());
}

export function detail() {
  ask("detail", anyId());
}

export function styles() {
  ask("styles", anyId());
}

export function related() {
  ask("related", anyId());
}
