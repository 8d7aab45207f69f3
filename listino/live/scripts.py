"""The decisions of a live refresh, each one Lua script so that a thousand viewers at once get one answer.

    live:{it:bottega}:waiting        sorted set: product id by its nearest deadline (ms of the server's clock); by the
                                     negative of its last one when that has passed and nobody waits any more
    live:{it:bottega}:until          sorted set: product id by the last deadline, of what waits and what is in hand
    live:{it:bottega}:drain          who drains the shop, under a lease, as WORKER.DRAIN; `queued` while a job for it is
                                     on its way
    live:{it:bottega}:taken          hash: product id in hand, by whom
    live:{it:bottega}:since          hash: product id that waits or is in hand, since when (µs of the server's clock)
    live:{it:bottega}:blamed         hash: how often a worker died, or failed, with the product in hand
    live:{it:bottega}:parked         hash: product id, and why it is not asked for any more (JSON)
    live:{it:bottega}:breaker        hash: requests in a row without an answer, when the first of them failed (ms), and when
                                     the next may be tried
    live:{it:bottega}:answer:ID      the last good answer, for as long as it counts as fresh
    live:drains                      sorted set: every shop with something to do, by when its lease or its job runs out

A product is in flight while it waits or is in hand. What is in the hands of a drain whose lease ran out waits again as
soon as another drain begins; what the first one still has to say is not heard then, so that there is one answer.
Answers are announced on one channel, `live:answers`, to which every process that waits subscribes once; what there is
new to take, on `live:new:WORKER`, to which that worker does.

All keys of one shop share a hash tag; `live:drains` and RQ's keys do not, so this takes one Redis and no Redis Cluster.
"""

CHANNEL = "live:answers"
WANTED = "live:new:"  # and the worker that is told

# KEYS of ASK, TAKE and REST: listino.live.keys.ShopKeys.queue.
_QUEUE = """
local waiting, last, drain, taken, since, blamed, parked, breaker, drains = unpack(KEYS, 1, 9)
local time = redis.call('TIME')
local now, now_us = time[1] * 1000 + math.floor(time[2] / 1000), time[1] * 1000000 + time[2]
"""

# An answer as listino.live.answer writes it, of which there is nothing but a reason to tell.
_TELL = """
local function tell(channel, id, reason)
    local fields = {product_id = id, as_of_ms = now, reason = reason}
    for _, name in ipairs({'price', 'currency', 'availability'}) do fields[name] = cjson.null end
    redis.call('ZREM', last, id)
    redis.call('HDEL', since, id)
    redis.call('PUBLISH', channel, cjson.encode(fields))
end
"""

# KEYS besides: answer. ARGV: shop, id, wait ms, QUEUED_MS, JOB_MS, BREAK_AFTER, probe ms, FORGET_MS, PARKED_MS.
# Gives {"fresh", now, answer}; or {"told", now, whether a drain job is wanted, reason}, {"joined" or "queued", now, whether
# one is}; now in µs.
ASK = f"""{_QUEUE}
local shop, id = ARGV[1], ARGV[2]
local answer = redis.call('GET', KEYS[10])
if answer then return {{'fresh', now_us, answer}} end
local why = redis.call('HGET', parked, id)
if why then
    if cjson.decode(why).at_ms + ARGV[9] > now then return {{'told', now_us, 0, 'parked'}} end
    redis.call('HDEL', parked, id)
end
local broken = redis.call('HMGET', breaker, 'in_a_row', 'probe_at')
local probing = tonumber(broken[1] or 0) >= tonumber(ARGV[6])
if probing then
    if tonumber(broken[2]) > now then return {{'told', now_us, 0, 'shop_down'}} end
    redis.call('HSET', breaker, 'probe_at', now + ARGV[7])
    redis.call('PEXPIRE', breaker, ARGV[7] + ARGV[8])
end
local deadline = now + ARGV[3]
local state = 'joined'
redis.call('ZADD', last, 'GT', deadline, id)
if redis.call('HEXISTS', taken, id) == 0 then
    local nearest = tonumber(redis.call('ZSCORE', waiting, id))
    if not nearest then
        state = 'queued'
        redis.call('HSET', since, id, string.format('%.0f', now_us))
    end
    if not nearest or nearest < now or nearest > deadline then redis.call('ZADD', waiting, deadline, id) end
end
local held = redis.call('SET', drain, 'queued', 'NX', 'GET', 'PX', ARGV[4])
local wanted = held and 0 or 1
if not held then
    redis.call('ZADD', drains, now + ARGV[5], shop)
elseif state == 'queued' then
    local worker = string.match(held, '^(.+)%.')
    if worker then redis.call('PUBLISH', '{WANTED}' .. worker, id) end
end
if probing then return {{'told', now_us, wanted, 'shop_down'}} end
return {{state, now_us, wanted}}
"""

# ARGV: shop, owner, most, LEASE_MS, unwanted ms, ALONE_AFTER, PARK_AFTER, BLAME_MS, BREAK_AFTER, channel, how long a refresh
# takes at present (ms), how many may be in hand for something to be begun that cannot be told before its deadline any more.
# Gives {0} when somebody else drains the shop, else {1, now (µs), whether the breaker is open, ids, since when each of
# them has waited (µs), how many still wait, what was parked: id and why, in turn}.
TAKE = f"""{_QUEUE}{_TELL}
local shop, owner, most, channel = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[10]
local held = redis.call('GET', drain)
if held and held ~= 'queued' and held ~= owner then return {{0}} end
redis.call('SET', drain, owner, 'PX', ARGV[4])
redis.call('ZADD', drains, now + ARGV[4], shop)
local given_up = {{}}
if held ~= owner then
    -- Whoever had these in hand has died, or lost touch.
    local hands = redis.call('HGETALL', taken)
    for at = 1, #hands, 2 do
        local id = hands[at]
        if hands[at + 1] ~= owner then
            redis.call('HDEL', taken, id)
            local deaths = redis.call('HINCRBY', blamed, id, 1)
            redis.call('PEXPIRE', blamed, ARGV[8])
            if deaths >= tonumber(ARGV[7]) then
                local why = deaths .. ' workers in a row died, or were killed, with it in hand, the last with nothing else'
                redis.call('HSET', parked, id, cjson.encode({{at_ms = now, why = why}}))
                redis.call('HDEL', blamed, id)
                tell(channel, id, 'parked')
                given_up[#given_up + 1], given_up[#given_up + 2] = id, why
            else
                redis.call('ZADD', waiting, now, id)
            end
        end
    end
end
-- A deadline that has passed: somebody may wait longer, or nobody waits any more, and then its time is negative.
for _, id in ipairs(redis.call('ZRANGEBYSCORE', waiting, 0, '(' .. now)) do
    local latest = tonumber(redis.call('ZSCORE', last, id) or 1)
    redis.call('ZADD', waiting, latest >= now and latest or -latest, id)
end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', waiting, '(' .. (ARGV[5] - now), '(0')) do
    redis.call('ZREM', waiting, id)
    tell(channel, id, 'dropped')
end
local broken = tonumber(redis.call('HGET', breaker, 'in_a_row') or 0) >= tonumber(ARGV[9]) and 1 or 0
local ids, times = {{}}, {{}}
local function answer() return {{1, now_us, broken, ids, times, redis.call('ZCARD', waiting), given_up}} end
-- What is suspected to kill its worker is alone in its worker's hands.
local in_hand = redis.call('HLEN', taken)
local function suspected(id) return tonumber(redis.call('HGET', blamed, id) or 0) >= tonumber(ARGV[6]) end
if in_hand == 1 and suspected(redis.call('HKEYS', taken)[1]) then return answer() end
local in_time = now + ARGV[11]
local next_ones = redis.call('ZRANGEBYSCORE', waiting, in_time, '+inf', 'LIMIT', 0, most)
for _, late in ipairs({{{{now, '(' .. in_time}}, {{'-inf', '(0'}}}}) do
    local free = math.min(most, ARGV[12] - in_hand) - #next_ones
    if free < 1 then break end
    for _, id in ipairs(redis.call('ZRANGEBYSCORE', waiting, late[1], late[2], 'LIMIT', 0, free)) do
        next_ones[#next_ones + 1] = id
    end
end
for _, id in ipairs(next_ones) do
    local alone = suspected(id)
    if alone and (in_hand > 0 or #ids > 0) then break end
    redis.call('ZREM', waiting, id)
    redis.call('HSET', taken, id, owner)
    ids[#ids + 1] = id
    times[#ids] = redis.call('HGET', since, id) or string.format('%.0f', now_us)
    if alone then break end
end
return answer()
"""

# ARGV: owner, shop, whether it leaves. What the drain has in hand waits again, before all others. Ends it; 0 when something
# waits, unless it leaves: then that is for another drain to begin with.
REST = f"""{_QUEUE}
if redis.call('GET', drain) ~= ARGV[1] then return 1 end
local hands = redis.call('HGETALL', taken)
for at = 1, #hands, 2 do
    if hands[at + 1] == ARGV[1] then
        redis.call('HDEL', taken, hands[at])
        redis.call('ZADD', waiting, now, hands[at])
    end
end
if ARGV[3] ~= '1' and redis.call('ZCARD', waiting) > 0 then return 0 end
redis.call('DEL', drain)
if redis.call('ZCARD', waiting) + redis.call('HLEN', taken) > 0 then
    redis.call('ZADD', drains, now, ARGV[2])
else
    redis.call('ZREM', drains, ARGV[2])
end
return 1
"""

# Several answers of one shop. KEYS: taken, until, blamed, breaker, parked, since, and for each: answer. ARGV: owner, channel,
# PARK_AFTER, BLAME_MS, and for each: id, answer, fresh ms (0: the answer is not kept), whether the shop answered, our own
# error (''). Gives for each 1, 2 when the error has it parked, or 0 when it is not the owner's any more.
DELIVER = """
local taken, last, blamed, breaker, parked, since = unpack(KEYS, 1, 6)
local told = {}
for at = 1, #KEYS - 6 do
    local id, answer, fresh_ms, heard, mistake = unpack(ARGV, 5 * at, 5 * at + 4)
    if redis.call('HGET', taken, id) ~= ARGV[1] then
        told[at] = 0
    else
        told[at] = 1
        redis.call('HDEL', taken, id)
        redis.call('ZREM', last, id)
        redis.call('HDEL', since, id)
        if heard == '1' then redis.call('DEL', breaker) end
        if mistake == '' then
            redis.call('HDEL', blamed, id)
        else
            local failures = redis.call('HINCRBY', blamed, id, 1)
            redis.call('PEXPIRE', blamed, ARGV[4])
            if failures >= tonumber(ARGV[3]) then
                local time = redis.call('TIME')
                local now = time[1] * 1000 + math.floor(time[2] / 1000)
                redis.call('HSET', parked, id, cjson.encode({at_ms = now, why = mistake}))
                redis.call('HDEL', blamed, id)
                told[at] = 2
            end
        end
        if tonumber(fresh_ms) > 0 then redis.call('SET', KEYS[6 + at], answer, 'PX', fresh_ms) end
        redis.call('PUBLISH', ARGV[2], answer)
    end
end
return told
"""

# KEYS: breaker. ARGV: BREAK_AFTER, PROBE_MS, FORGET_MS. Counts a request that was not answered; gives 1 when the breaker is open.
TROUBLE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local in_a_row = redis.call('HINCRBY', KEYS[1], 'in_a_row', 1)
redis.call('HSETNX', KEYS[1], 'since', now)
redis.call('HSET', KEYS[1], 'probe_at', now + ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return in_a_row >= tonumber(ARGV[1]) and 1 or 0
"""

# What one worker does for all its drains. KEYS: live:drains, and for each drain: drain, waiting. ARGV: LEASE_MS, and for each:
# owner, shop. Holds the leases that have not run out. Gives {for each: -1 when it did, else how many wait; the shops whose
# lease or job has run out; ms until the next one does, -1 when there is none}.
HOLD = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local waiting = {}
for at = 1, (#KEYS - 1) / 2 do
    local owner, shop = ARGV[2 * at], ARGV[2 * at + 1]
    waiting[at] = -1
    if redis.call('GET', KEYS[2 * at]) == owner then
        redis.call('PEXPIRE', KEYS[2 * at], ARGV[1])
        redis.call('ZADD', KEYS[1], now + ARGV[1], shop)
        waiting[at] = redis.call('ZCARD', KEYS[2 * at + 1])
    end
end
local first = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
return {waiting, redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now), first[2] and first[2] - now or -1}
"""

# A worker is dead. KEYS: live:drains, and for each shop: drain. ARGV: worker, QUEUED_MS, JOB_MS, and each shop. Gives the shops
# that it drained; nobody does now, and for each a drain job is wanted.
BEREAVE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local own, left = ARGV[1] .. '.', {}
for at = 2, #KEYS do
    local held, shop = redis.call('GET', KEYS[at]), ARGV[at + 2]
    if held and string.sub(held, 1, #own) == own then
        redis.call('SET', KEYS[at], 'queued', 'PX', ARGV[2])
        redis.call('ZADD', KEYS[1], now + ARGV[3], shop)
        left[#left + 1] = shop
    end
end
return left
"""
