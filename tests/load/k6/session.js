// Shoppers: a page of the list, then one to three products, each with what its page asks for at once (detail, styles,
// related) and its live price. Pages and products are as popular as Zipf's law has it; a browser's compression.
//   SESSIONS=50 SECONDS=30 PRODUCTS=100000 URL=http://127.0.0.1:8080 k6 run tests/load/k6/session.js
// SESSIONS is how many begin in a second. With VUS so many shoppers come one after another instead: the top rate.
import http from "k6/http";
import { check } from "k6";
import { MOST_ERRORS, SECONDS, SLOWEST, TREND, addresses, parameters, popularId, popularPage } from "./storefront.js";

export { handleSummary } from "./storefront.js";

const SESSIONS = Number(__ENV.SESSIONS || 20);
const VUS = Number(__ENV.VUS || 0);
const ENDPOINTS = ["list", "detail", "styles", "related", "price"];
const BROWSER = { "Accept-Encoding": "gzip, deflate, br" };

const paced = { executor: "constant-arrival-rate", rate: SESSIONS, timeUnit: "1s", preAllocatedVUs: 50, maxVUs: 300 };
const closed = { executor: "constant-vus", vus: VUS };

function threshold(endpoint) {
  return {
    [`http_req_failed{endpoint:${endpoint}}`]: [MOST_ERRORS],
    [`http_reqs{endpoint:${endpoint}}`]: ["count>0"],
    [`http_req_duration{endpoint:${endpoint}}`]: [VUS ? "max>=0" : SLOWEST],
  };
}

export const options = {
  discardResponseBodies: true,
  summaryTrendStats: TREND,
  scenarios: { session: { ...(VUS ? closed : paced), duration: `${SECONDS}s`, gracefulStop: "2s" } },
  thresholds: Object.assign({}, ...ENDPOINTS.map(threshold)),
};

export default function () {
  const list = http.get(addresses.list(popularPage()), parameters("list", BROWSER));
  check(list, { "status is 200": (one) => one.status === 200 });
  for (let opened = 1 + Math.floor(Math.random() * 3); opened > 0; opened--) {
    const id = popularId();
    const page = http.batch(
      ["detail", "styles", "related", "price"].map((endpoint) => ["GET", addresses[endpoint](id), null, parameters(endpoint, BROWSER)]),
    );
    page.forEach((answer) => check(answer, { "status is 200": (one) => one.status === 200 }));
  }
}
