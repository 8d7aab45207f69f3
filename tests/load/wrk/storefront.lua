-- Reads of the storefront for wrk: wrk -s storefront.lua URL -- ENDPOINT PRODUCTS EXPONENT [FIRST]
-- ENDPOINT is list, detail, styles, related, mixed (a quarter each) or constant (the URL itself, always); EXPONENT is Zipf's, 0 for uniform ids and pages, or "next": one after another, from number FIRST, the fourth argument, on.
-- Where WRK_NODES names hosts and ports (127.0.0.1:8081,127.0.0.1:8082), the threads ask them by turns, each one node.
-- Ends with one line of JSON; "least" is what the slower thread asked.
local COUNT = 5
local endpoints = {"list", "detail", "styles", "related"}
local products, pages, exponent, only, at
local THREADS = 2
local threads = {}
local nodes = {}
for host, port in (os.getenv("WRK_NODES") or ""):gmatch("([^,:]+):(%d+)") do
  nodes[#nodes + 1] = wrk.lookup(host, port)[1]
end

function setup(thread)
  threads[#threads + 1] = thread
  thread:set("number", #threads)
  if #nodes > 0 then
    thread.addr = nodes[(#threads - 1) % #nodes + 1]
  end
end

function init(given)
  only = given[1] or "detail"
  products = tonumber(given[2] or 100000)
  exponent = tonumber(given[3] or 0)
  at = given[3] == "next" and tonumber(given[4]) + number - 1
  pages = math.ceil(products / COUNT)
  math.randomseed(os.time() * 100 + number)
end

-- A rank from 1 to `most`, the first one the likeliest: the inverse of Zipf's distribution function, as a continuous one.
local function rank(most)
  if at then
    at = at + THREADS
    return (at - THREADS) % most + 1
  end
  local chance, power = math.random(), 1 - exponent
  local drawn
  if math.abs(power) < 1e-9 then
    drawn = math.exp(chance * math.log(most + 1))
  else
    drawn = (((most + 1) ^ power - 1) * chance + 1) ^ (1 / power)
  end
  return math.min(most, math.floor(drawn))
end

asked = 0

function request()
  asked = asked + 1
  if only == "constant" then
    return wrk.format()  -- the address as it was given
  end
  local endpoint = only == "mixed" and endpoints[math.random(#endpoints)] or only
  if endpoint == "list" then
    return wrk.format("GET", "/products?count=" .. COUNT .. "&page=" .. rank(pages))
  end
  -- The popular ones are spread over the whole range.
  local path = "/products/" .. 1 + (rank(products) * 7919) % products
  if endpoint ~= "detail" then
    path = path .. "/" .. endpoint
  end
  return wrk.format("GET", path)
end

function done(summary, latency)
  local failed, least = summary.errors, math.huge
  for _, thread in ipairs(threads) do
    least = math.min(least, thread:get("asked"))
  end
  io.write(string.format(
    '{"requests":%d,"least":%d,"seconds":%f,"errors":%d,"p50_ms":%f,"p95_ms":%f,"p99_ms":%f}\n',
    summary.requests, least, summary.duration / 1e6,
    failed.connect + failed.read + failed.write + failed.status + failed.timeout,
    latency:percentile(50) / 1e3, latency:percentile(95) / 1e3, latency:percentile(99) / 1e3))
end
