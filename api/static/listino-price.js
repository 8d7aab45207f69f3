// Live prices on any page (docs/api.md): <span data-listino-price="it:bottega:3020">49,90 €</span>
(() => {
  "use strict";
  const base = new URL("..", document.currentScript.src);
  // Browsers open six connections to a server: other prices are asked for now and then.
  const MOST_STREAMS = 4, AGAIN_MS = 30000;
  const WORDS = {
    en: ["In stock", "Out of stock", "No longer available"],
    it: ["Disponibile", "Non disponibile", "Non più in vendita"],
    fr: ["En stock", "Épuisé", "N’est plus en vente"],
    de: ["Auf Lager", "Nicht auf Lager", "Nicht mehr erhältlich"],
    es: ["En existencia", "Agotado", "Ya no está a la venta"],
  };
  const STATES = ["InStock", "OutOfStock", "gone"];
  const watched = new Map();

  const language = (element) => element.closest("[lang]")?.lang || navigator.language;
  const word = (element, state) =>
    (WORDS[language(element).slice(0, 2)] || WORDS.en)[STATES.indexOf(state)] || "";

  function price(element, { price, currency }) {
    if (price === null) return "–";
    return new Intl.NumberFormat(language(element), { style: "currency", currency }).format(price);
  }

  // Nothing flashes or is read aloud again.
  function write(element, text, state) {
    if (element.textContent !== text) element.textContent = text;
    element.dataset.listinoState = state;
  }

  function show(product, told) {
    const state = told.gone ? "gone" : told.availability;
    for (const element of product.prices) {
      const said = product.availabilities.length || state === "InStock" ? "" : word(element, state);
      const amount = told.gone ? (said ? "" : "–") : price(element, told);
      write(element, [amount, said].filter(Boolean).join(" · "), state);
    }
    for (const element of product.availabilities) write(element, word(element, state), state);
  }

  function stop(product) {
    clearTimeout(product.timer);
    product.source?.close();
    product.source = null;
  }

  function end(product) {
    stop(product);
    product.over = true;
    show(product, { gone: true });
  }

  async function ask(product) {
    let wait = AGAIN_MS;
    try {
      const answer = await fetch(product.url, { credentials: "omit" });
      if (answer.status === 410) return end(product);
      const told = answer.ok && (await answer.json());
      if (product.source) return; // shown again
      if (told) show(product, told);
      else if (answer.status < 429) return console.warn("listino-price: no product", product.id);
      wait = Math.max(wait, 1000 * answer.headers.get("Retry-After"));
    } catch {} // the network is away: later
    if (product.source) return;
    stop(product);
    if (!document.hidden) product.timer = setTimeout(start, wait, product);
  }

  function start(product) {
    if (product.over || product.source) return;
    const open = [...watched.values()].filter((one) => one.source).length;
    if (!window.EventSource || open >= MOST_STREAMS) return ask(product);
    const source = new EventSource(product.url + "/events");
    product.source = source;
    source.addEventListener("price", (event) => show(product, JSON.parse(event.data)));
    source.addEventListener("gone", () => end(product));
    source.onerror = () => {
      if (source.readyState !== EventSource.CLOSED) return; // it comes again
      stop(product);
      ask(product);
    };
  }

  for (const element of document.querySelectorAll("[data-listino-price], [data-listino-availability]")) {
    const { listinoPrice, listinoAvailability } = element.dataset;
    const id = listinoPrice || listinoAvailability;
    if (!watched.has(id)) {
      const url = new URL(`products/${encodeURIComponent(id)}/price`, base).href;
      watched.set(id, { id, url, prices: [], availabilities: [] });
    }
    watched.get(id)[listinoPrice ? "prices" : "availabilities"].push(element);
    element.ariaLive ??= "polite";
  }

  // A page in the background costs nothing.
  const look = () => watched.forEach(document.hidden ? stop : start);
  document.addEventListener("visibilitychange", look);
  look();
})();
