// What both scripts share: where the storefront is, how many products it has, and whom a shopper visits.
import http from "k6/http";
import { check } from "k6";

export const URL = __ENV.URL || "http://127.0.0.1:8080";
export const PRODUCTS = Number(__ENV.PRODUCTS || 100000); // ids are dense, from 1
export const SECONDS = Number(__ENV.SECONDS || 20);
const COUNT = Number(__ENV.COUNT || 5); // products on a page of a list
const EXPONENT = Number(__ENV.EXPONENT || 1); // of Zipf's law
const PAGES = Math.ceil(PRODUCTS / COUNT);

// More than one in a thousand failed, or one in a hundred slower than 100 ms: too many.
export const MOST_ERRORS = "rate<0.001";
export const SLOWEST = "p(99)<100";
export const TREND = ["avg", "med", "p(95)", "p(99)", "max"];

export function anyId() {
  return 1 + Math.floor(Math.random() * PRODUCTS);
}

export function anyPage() {
  return 1 + Math.floor(Math.random() * PAGES);
}

// A rank from 1 to `most`, the first one the likeliest: the inverse of Zipf's distribution function, as a continuous one.
function rank(most) {
  const chance = Math.random();
  const power = 1 - EXPONENT;
  const drawn =
    Math.abs(power) < 1e-9
      ? Math.exp(chance * Math.log(most + 1))
      : Math.pow((Math.pow(most + 1, power) - 1) * chance + 1, 1 / power);
  return Math.min(most, Math.floor(drawn));
}

export function popularPage() {
  return rank(PAGES);
}

// The popular ones are spread over the whole range.
export function popularId() {
  return 1 + ((rank(PRODUCTS) * 7919) % PRODUCTS);
}

export const addresses = {
  list: (page) => `${URL}/products?count=${COUNT}&page=${page}`,
  detail: (id) => `${URL}/products/${id}`,
  styles: (id) => `${URL}/products/${id}/styles`,
  related: (id) => `${URL}/products/${id}/related`,
  price: (id) => `${URL}/products/${id}/price?wait=300`,
};

// `name` keeps a hundred thousand addresses from becoming as many time series.
export function parameters(endpoint, headers) {
  return { tags: { name: endpoint, endpoint }, headers: headers || {} };
}

export function ask(endpoint, subject) {
  const answer = http.get(addresses[endpoint](subject), parameters(endpoint));
  check(answer, { "status is 200": (one) => one.status === 200 });
}

// The figures of the run as JSON, to SUMMARY if it is given; a line an endpoint on the terminal.
export function handleSummary(data) {
  const lines = Object.entries(data.metrics)
    .filter(([name]) => name.startsWith("http_req_duration{endpoint:"))
    .map(([name, { values }]) => `${name.slice(18)} p50 ${values.med.toFixed(1)} ms, p99 ${values["p(99)"].toFixed(1)} ms`);
  const written = { stdout: lines.join("\n") + "\n" };
  if (__ENV.SUMMARY) written[__ENV.SUMMARY] = JSON.stringify(data);
  return written;
}
