"""The keys of rendered pages in Redis, and the steps by which none of them is older than its product.

    page:{ID}        the rendered page, with the stamp under which it counts (see pages.py); expires
    head:{ID}        its beginning as far as lists show it, kept and dropped with it
    load:{ID}        the lease of the one reader that loads the product, so that a burst on it asks MongoDB once; or of the one
                     writer that may leave its page
    writing:{ID}     sorted set: writers at work on the product by the end of their mark (ms of the server's clock)
    pages:generation changes when somebody wrote without having been able to say so: every page before it is void
    members:SCOPE    counts what was listed, ended or moved to another list in a market, or in the imported catalogue
    moving:SCOPE     set for SETTLING_MS after that: not everybody may know of it yet; for WRITING_MS where it may happen yet

and the channel `products:written`, on which a writer names the products it has written, a line each, or `*` for any.

A reader that misses takes the lease, loads, and fills. A writer begins by dropping page and lease and leaving its mark,
writes, and ends by taking the mark away: what a reader loaded before cannot be filled in any more, and while there is a
mark nobody fills at all. A writer that dies leaves its mark for WRITING_MS of reads that are not kept.

A writer that knows what its write leaves may leave the page in the place of the one it dropped, under the same stamp: if it was
there, and if no other writer was at work on the product at any time meanwhile. It takes the lease where it finds no mark, and
whoever begins to write after it takes that away.

One script names the keys of many products, so this needs one Redis with its replicas, not a Redis Cluster.
"""

from collections.abc import Collection, Iterable

from listino.domain.market import MARKETS
from listino.domain.product import ProductId

GENERATION = "pages:generation"
CATALOGUE = "catalogue"  # the scope of imported goods, which belong to no market
SCOPES = (*MARKETS, CATALOGUE)
WRITTEN = "products:written"
ANYTHING = "*"  # where nobody knows any more what was written

KEPT_MS = 300_000  # pages; bounds what no script could drop
# Longer than the store lets a write take in all (WRITE_SECONDS in listino.store.guard): no write that is still under way has
# lost its mark.
WRITING_MS = 30_000
# As long as a reader may take to load a product; then the next one may.
LOAD_MS = 3_000
SETTLING_MS = 2_000


def page_key(product_id: ProductId) -> str:
    return f"page:{{{product_id}}}"


def head_key(product_id: ProductId) -> str:
    return f"head:{{{product_id}}}"


def product_keys(product_ids: Iterable[ProductId]) -> list[str]:
    """Page, head, lease and writers of each."""
    return [f"{noun}:{{{one}}}" for one in product_ids for noun in ("page", "head", "load", "writing")]


def members_key(scope: str) -> str:
    return f"members:{scope}"


def moving_key(scope: str) -> str:
    return f"moving:{scope}"


def written_among(lines: bytes, known: Collection[str]) -> list[str]:
    """Those of the known products, by their ids as text, that a message on WRITTEN names."""
    names = lines.decode().split("\n")
    return list(known) if names == [ANYTHING] else [name for name in names if name in known]


def scope_of(product_id: ProductId) -> str:
    """`it` of `it:bottega:3020`."""
    return CATALOGUE if isinstance(product_id, int) else product_id.partition(":")[0]


# KEYS: page, head, load, writing of each product. ARGV: the writer's token, WRITING_MS, the layout of the pages that the writer can
# make or ''. Gives for each product the stamp under which the writer may leave its page, '' if it may not; nothing to writers that
# make none.
BEGIN = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ends = now + ARGV[2]
local stamps = {}
for at = 1, #KEYS, 4 do
    local stamp = ''
    if ARGV[3] ~= '' then
        redis.call('ZREMRANGEBYSCORE', KEYS[at + 3], '-inf', now)
        if redis.call('EXISTS', KEYS[at + 3]) == 0 then
            stamp = string.match(redis.call('GETRANGE', KEYS[at], 0, 99), '^(' .. ARGV[3] .. ':%S*) ') or ''
        end
        stamps[#stamps + 1] = stamp
    end
    redis.call('DEL', KEYS[at], KEYS[at + 1], KEYS[at + 2])
    if stamp ~= '' then redis.call('SET', KEYS[at + 2], ARGV[1], 'PX', ARGV[2]) end
    redis.call('ZADD', KEYS[at + 3], ends, ARGV[1])
    redis.call('PEXPIRE', KEYS[at + 3], ARGV[2])
end
return stamps
"""

# KEYS: page, head, load, writing of each product. ARGV: the writer's token, or nothing after a write that failed and may
# happen yet; SETTLING_MS, or WRITING_MS then; WRITTEN; the products by their ids, a line each; KEPT_MS; how many pages the writer
# would leave, and for each: which of the products it is, the length of its head, the page; and for each scope in which something
# moved the keys of its count and of its mark.
END = """
local marks = 7 + 3 * ARGV[6]
local left = {}
for at = 7, marks - 1, 3 do
    local key = 4 * ARGV[at] + 1
    if redis.call('GET', KEYS[key + 2]) == ARGV[1] then left[key] = at end
end
for at = 1, #KEYS, 4 do
    redis.call('DEL', KEYS[at], KEYS[at + 1], KEYS[at + 2])
    redis.call('ZREM', KEYS[at + 3], ARGV[1])
    if left[at] then
        local length, page = ARGV[left[at] + 1], ARGV[left[at] + 2]
        redis.call('SET', KEYS[at], page, 'PX', ARGV[5])
        redis.call('SET', KEYS[at + 1], string.sub(page, 1, tonumber(length)), 'PX', ARGV[5])
    end
end
for at = marks, #ARGV, 2 do
    redis.call('INCR', ARGV[at])
    if redis.call('PTTL', ARGV[at + 1]) < tonumber(ARGV[2]) then
        redis.call('SET', ARGV[at + 1], '1', 'PX', ARGV[2])
    end
end
return redis.call('PUBLISH', ARGV[3], ARGV[4])
"""

# KEYS: the generation, then page, head, load, writing of each product. ARGV: the reader's process, the reader's own token, LOAD_MS
# or 0 to take no leases, how stamps begin. Gives the generation, then for each product its page where somebody was faster, or
# 1: load and fill it, 0: another process loads it, -1: load and do not fill, for it is being written or no lease is wanted.
# A lease of the reader's own process, which has given up what it was for, is taken over.
TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local generation = redis.call('GET', KEYS[1])
local stamp = ARGV[4] .. ':' .. (generation or '') .. ' '
local lease = ARGV[1] .. ARGV[2]
local told = {generation}
for at = 2, #KEYS, 4 do
    local page = redis.call('GET', KEYS[at])
    if page and string.sub(page, 1, #stamp) == stamp then
        told[#told + 1] = page
    else
        redis.call('ZREMRANGEBYSCORE', KEYS[at + 3], '-inf', now)
        if redis.call('EXISTS', KEYS[at + 3]) == 1 then
            told[#told + 1] = -1
        elseif ARGV[3] ~= '0' and redis.call('SET', KEYS[at + 2], lease, 'NX', 'PX', ARGV[3]) then
            told[#told + 1] = 1
        else
            local taken = redis.call('GET', KEYS[at + 2])
            if taken and string.sub(taken, 1, #ARGV[1]) ~= ARGV[1] then
                told[#told + 1] = 0
            elseif ARGV[3] == '0' then
                told[#told + 1] = -1
            else
                redis.call('SET', KEYS[at + 2], lease, 'PX', ARGV[3])
                told[#told + 1] = 1
            end
        end
    end
end
return told
"""

# KEYS: the generation, then page, head and load of each product. ARGV: the reader's process and token, the generation it loaded
# under, how long pages are kept (ms), and of each the length of its head and the page, empty where there is nothing to
# keep. Gives the leases back, and keeps the pages whose lease still was the reader's; gives how many.
FILL = """
local kept = 0
local same = (redis.call('GET', KEYS[1]) or '') == ARGV[2]
for at = 2, #KEYS, 3 do
    if redis.call('GET', KEYS[at + 2]) == ARGV[1] then
        redis.call('DEL', KEYS[at + 2])
        local given = 4 + (at - 2) / 3 * 2
        local page = ARGV[given + 1]
        if same and page ~= '' then
            redis.call('SET', KEYS[at], page, 'PX', ARGV[3])
            redis.call('SET', KEYS[at + 1], string.sub(page, 1, tonumber(ARGV[given])), 'PX', ARGV[3])
            kept = kept + 1
        end
    end
end
return kept
"""
