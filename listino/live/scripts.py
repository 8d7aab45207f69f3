"""The decisions of a live refresh, each one Lua script so that a thousand viewers at once get one answer.

Keys of one shop carry its name as a hash tag and so live on one node of a Redis cluster:

    live:{it:bottega}:waiting        sorted set: product id by its earliest deadline (ms of the server's clock)
    live:{it:bottega}:drain          set while a job is queued or at work that empties `waiting`
    live:{it:bottega}:flight:ID      set while the shop is being asked for ID, or about to be: since when (µs)
    live:{it:bottega}:answer:ID      the last good answer, for as long as it counts as fresh

Answers are announced on one channel, `live:answers`, to which every process that waits subscribes once.
"""

CHANNEL = "live:answers"

# KEYS: waiting, drain, flight, answer. ARGV: id, wait ms, flight ms, drain ms.
# Gives {"fresh", now, answer}, {"joined", now}, or {"queued", now, whether a drain job is wanted}; now in µs.
ASK = """
local answer = redis.call('GET', KEYS[4])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
if answer then return {'fresh', now, answer} end
local deadline = math.floor(now / 1000) + ARGV[2]
if not redis.call('SET', KEYS[3], string.format('%.0f', now), 'NX', 'PX', ARGV[3]) then
    if redis.call('ZSCORE', KEYS[1], ARGV[1]) then
        redis.call('ZADD', KEYS[1], 'LT', deadline, ARGV[1])
    end
    return {'joined', now}
end
redis.call('ZADD', KEYS[1], 'LT', deadline, ARGV[1])
local wanted = redis.call('SET', KEYS[2], '1', 'NX', 'PX', ARGV[4])
return {'queued', now, wanted and 1 or 0}
"""

# KEYS: waiting, drain. ARGV: drain ms, most, flight ms, the beginning of flight keys. Gives now
# (µs), the ids with the nearest deadlines, and since when each has waited (µs); no id ends the drain. The flight of what
# is taken begins anew: it may have waited long, and is asked for now.
TAKE = """
local taken = redis.call('ZPOPMIN', KEYS[1], ARGV[2])
if #taken > 0 then redis.call('SET', KEYS[2], '1', 'PX', ARGV[1]) end
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local ids, since = {}, {}
for at = 1, #taken, 2 do
    local flight = ARGV[4] .. taken[at]
    ids[#ids + 1] = taken[at]
    since[#since + 1] = redis.call('GET', flight) or string.format('%.0f', now)
    redis.call('SET', flight, since[#since], 'PX', ARGV[3])
end
return {now, ids, since}
"""

# KEYS: waiting, and the flight of each. ARGV: flight ms, ids, since when they have waited (µs). They wait again, first of
# all; their flights begin anew.
PUT_BACK = """
for at = 2, #KEYS do
    redis.call('ZADD', KEYS[1], 0, ARGV[at])
    redis.call('SET', KEYS[at], ARGV[#KEYS + at - 1], 'PX', ARGV[1])
end
"""

# KEYS: waiting, drain. Ends the drain unless something came in meanwhile; gives 1 when ended.
REST = """
if redis.call('ZCARD', KEYS[1]) > 0 then return 0 end
redis.call('DEL', KEYS[2])
return 1
"""

# KEYS: flight, answer. ARGV: answer, fresh ms (0: the answer is not kept), channel.
DELIVER = """
if tonumber(ARGV[2]) > 0 then redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2]) end
redis.call('DEL', KEYS[1])
return redis.call('PUBLISH', ARGV[3], ARGV[1])
"""
