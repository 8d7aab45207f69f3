// Product pages opened at a constant rate, each by GET /products/{id} and then GET /products/{id}/price, over all goods of
// the shops alike. Every view is a line of JSON on the console.
//   RATE=20 SECONDS=15 SHOPS='[{"prefix":"it:load-it:","first":1000000,"count":1250}]' k6 run tests/load/k6/live.js
// WAIT is how many milliseconds a price is waited for, where that is not the API's default.
import http from "k6/http";
import exec from "k6/execution";
import { SECONDS, TREND, URL } from "./storefront.js";

export { handleSummary } from "./storefront.js";

const RATE = Number(__ENV.RATE || 100);
const SHOPS = JSON.parse(__ENV.SHOPS);
const WAIT = __ENV.WAIT ? `?wait=${__ENV.WAIT}` : "";
const SEED = Number(__ENV.SEED || 1);
const GOODS = SHOPS.reduce((sum, shop) => sum + shop.count, 0);

export const options = {
  discardResponseBodies: true,
  summaryTrendStats: TREND,
  scenarios: {
    views: {
      executor: "constant-arrival-rate",
      rate: RATE,
      timeUnit: "1s",
      duration: `${SECONDS}s`,
      // Who waits for as long as he may, and some of them: to make more meanwhile takes k6 too long.
      preAllocatedVUs: Math.ceil(RATE * 2) + 20,
      gracefulStop: "10s",
    },
  },
};

// Seeded by the number of the view: two runs with one SEED open the same pages in the same order.
function anyProduct() {
  let drawn = (Math.imul(exec.scenario.iterationInTest, 2654435761) + Math.imul(SEED, 40503)) >>> 0;
  for (let round = 0; round < 2; round++) drawn = Math.imul(drawn ^ (drawn >>> 16), 0x45d9f3b) >>> 0;
  let place = (drawn ^ (drawn >>> 16)) >>> 0;
  place %= GOODS;
  for (const shop of SHOPS) {
    if (place < shop.count) return `${shop.prefix}${shop.first + place}`;
    place -= shop.count;
  }
}

export default function () {
  const id = anyProduct();
  const address = `${URL}/products/${id}`;
  const opened = Date.now();
  const page = http.get(address, { tags: { name: "detail", endpoint: "detail" } });
  const price = http.get(`${address}/price${WAIT}`, {
    tags: { name: "price", endpoint: "price" },
    responseType: "text",
    timeout: "15s",
  });
  const closed = Date.now();
  const line = {
    product_id: id,
    opened: opened / 1000,
    closed: closed / 1000,
    page_status: page.status,
    status: price.status,
    waited_ms: price.timings.duration,
    body: price.body,
  };
  console.log(JSON.stringify(line));
}
