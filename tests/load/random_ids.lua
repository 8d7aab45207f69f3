-- wrk: GET an address in which every %d is a random number from 1 to the last one given; or the next one.
-- Arguments: address, last number, "random" or where to begin in order, and the number of threads.
local address, last, order = "/", 1, "random"
local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init(args)
  address, last, order = args[1], tonumber(args[2]), args[3]
  math.randomseed(os.time() * 31 + number)
  at, step = (tonumber(order) or 0) + number, tonumber(args[4])
end

function request()
  local id
  if order ~= "random" then
    id = at % last + 1
    at = at + step
  else
    id = math.random(1, last)
  end
  return wrk.format("GET", (address:gsub("%%d", id)))
end
