// What was written of late, so that pages of products may be kept for longer than the second they were read in.
//
// A node is asked again and again (`GET /written`, listino/live/written_log.py), and answers once there is news. The time at
// which it was asked is T: all that was acknowledged before T is known once it has answered. For LEASE_MS from T on nginx
// `hears`: a page is kept under an address of its own for each version of its product, and one that was written has no page
// until a node is asked anew. When it does not hear, pages are kept for the second in which they are asked for, and no longer.
//
//     written: product -> version   of those that were written lately; it must outlive the pages (js_shared_dict_zone in hears.conf)
//     hearing: epoch                part of every version; a new one is a new beginning for all pages
//              until                when it ceases to hear (ms)
//              cursor               from where to read on
//              turn, rest           which node to ask, and not before when (ms)
//
// Versions and epochs are never used twice, whatever is restarted, and whoever else listens while nginx is reloaded.

// A page may be older than its product for this long, and as long as it takes to send it; in all it must be below a second.
const LEASE_MS = 750;
// The interval at which nginx calls hear(), as in listens.conf; how long before the next call no question is put any more, which
// is longer than one lasts that nobody answers (js_fetch_timeout); how long an answer takes when there is no news; and the
// pause between two questions, however much is written.
const HEAR_MS = 2000;
const LAST_MS = 300;
const ANSWER_MS = 150;
const PAUSE_MS = 15;
// Nodes are left alone for this long when it does not hear anyway, and the one that was asked does not tell.
const REST_MS = 200;

// $version of the page that is asked for; the second when it does not hear, which begins with @.
function version(request) {
    const hearing = ngx.shared.hearing;
    // In this order, and the time at the end, for another worker may change all of them meanwhile: what is known of the product
    // is as new as `until` promises, and where all of it is cleared the epoch is another one already.
    const until = hearing.get('until');
    const known = ngx.shared.written.get(request.variables.product) || '';
    const epoch = hearing.get('epoch');
    const now = Date.now();
    return isBefore(now, until) ? `${epoch}.${known}` : `@${Math.floor(now / 1000)}`;
}

// Asks for news for nearly as long as until nginx begins this anew: it would end what is still under way, and complain. What is
// used meanwhile is freed only at the end.
async function hear(session) {
    const ends = Date.now() + HEAR_MS - LAST_MS;
    const nodes = session.variables.written_nodes.split(' ');
    while (Date.now() < ends) {
        await ask(nodes);
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
}

// Asks one node, the same until it fails.
async function ask(nodes) {
    const hearing = ngx.shared.hearing;
    const turn = Number(hearing.get('turn') || 0);
    const asked = Date.now();
    if (isBefore(asked, hearing.get('rest'))) {
        return;
    }
    // Before the question: where the name of a node is not even answered for, nginx may end this here, and begin with the next.
    hearing.set('turn', String((turn + 1) % nodes.length));
    let news;
    try {
        const after = encodeURIComponent(hearing.get('cursor') || '');
        const answer = await ngx.fetch(`${nodes[turn % nodes.length]}/written?after=${after}`);
        if (!answer.ok) {
            throw new Error(`status ${answer.status}`);
        }
        news = await answer.json();
    } catch (error) {
        if (!hears(hearing)) {
            hearing.delete('until');  // it lies ahead where the clock was put back, and would count again later
            hearing.set('rest', String(Date.now() + REST_MS));
        }
        return;
    }
    hearing.set('turn', String(turn));
    const doubt = doubtOf(news, hears(hearing));
    if (doubt) {
        ngx.log(ngx.WARN, `all pages begin anew: ${doubt}`);
        hearing.set('epoch', unique());
        ngx.shared.written.clear();
    }
    hearing.set('cursor', news.cursor);
    hearing.set('until', String(asked + LEASE_MS));
}

// Why a page may be older than nginx knows; remembers what was written otherwise.
function doubtOf(news, hears) {
    if (news.anything) {
        return 'any may have been written';
    }
    if (!hears) {
        // Writers that nobody heard may have ended since.
        return 'for a moment no node told what was written';
    }
    return remember(news.ids) ? '' : 'more was written than can be remembered';
}

// Whether there is room for all of them.
function remember(ids) {
    const written = ngx.shared.written;
    const version = unique();
    try {
        ids.forEach((id) => written.set(id, version));
    } catch (error) {
        if (error instanceof SharedMemoryError) {
            return false;
        }
        throw error;
    }
    return true;
}

function hears(hearing) {
    return isBefore(Date.now(), hearing.get('until'));
}

// Nothing lies further ahead than a lease lasts, unless the clock was put back.
function isBefore(now, time) {
    return time !== undefined && now < Number(time) && Number(time) <= now + LEASE_MS;
}

function unique() {
    return `${Date.now().toString(36)}${Math.floor(Math.random() * 0x100000000).toString(36)}`;
}

export default { version, hear };
