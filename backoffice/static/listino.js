// Conveniences only: every page works without them.
(() => {
  const typing = (element) => element.closest("input, textarea, select, [contenteditable]") !== null;
  const shortcuts = document.getElementById("shortcuts");

  const toSearch = () => {
    const search = document.querySelector("[data-search]");
    search?.focus();
    search?.select();
    return search !== null;
  };
  const showShortcuts = () => {
    for (const line of shortcuts.querySelectorAll("[data-needs]")) line.hidden = !document.querySelector(line.dataset.needs);
    shortcuts.showModal();
    return true;
  };
  const refresh = () => {
    const button = document.getElementById("refresh");
    if (button === null || button.disabled) return false;
    button.click();
    return true;
  };
  // The first row, or that `step` away from the one that has the focus; Enter opens it, since it is a link.
  const walk = (step) => {
    const rows = [...document.querySelectorAll(".row-link")];
    const here = rows.findIndex((row) => row.closest("tr").contains(document.activeElement));
    const next = here < 0 ? rows[0] : rows[here + step];
    next?.focus();
    return next !== undefined;
  };
  const inTable = () => document.activeElement.closest("tr")?.querySelector(".row-link") != null;
  const keys = {
    "/": toSearch,
    "?": showShortcuts,
    r: refresh,
    j: () => walk(1),
    k: () => walk(-1),
    ArrowDown: () => inTable() && walk(1),
    ArrowUp: () => inTable() && walk(-1),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || shortcuts.open || typing(event.target)) return;
    if (Object.hasOwn(keys, event.key) && keys[event.key]()) event.preventDefault();
  });
  for (const button of document.querySelectorAll("[data-shortcuts]")) {
    button.hidden = false;
    button.addEventListener("click", showShortcuts);
  }

  // What opens over the page closes like a menu.
  for (const menu of document.querySelectorAll(".preferences, .menu-more")) {
    document.addEventListener("click", (event) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !menu.open) return;
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  }

  // A thumbnail shows its photo large; arrow keys walk along the thumbnails.
  const show = (thumbnail) => {
    const large = document.getElementById("photo");
    large.hidden = false;
    large.parentElement.querySelector(".gallery-none").hidden = true;
    large.src = thumbnail.dataset.photo;
    for (const other of document.querySelectorAll("[data-photo]")) other.removeAttribute("aria-current");
    thumbnail.setAttribute("aria-current", "true");
  };
  document.addEventListener("click", (event) => {
    const thumbnail = event.target.closest("[data-photo]");
    if (thumbnail === null || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show(thumbnail);
  });
  document.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const here = event.target.closest?.("[data-photo]");
    if (step === undefined || !here) return;
    const all = [...document.querySelectorAll("[data-photo]")];
    const next = all[(all.indexOf(here) + step + all.length) % all.length];
    event.preventDefault();
    next.focus();
    show(next);
  });

  // A photo that its shop no longer serves gives way to words.
  const broken = (image) => {
    image.hidden = true;
    image.parentElement.querySelector(".gallery-none")?.removeAttribute("hidden");
  };
  document.addEventListener("error", (event) => {
    if (event.target.matches?.("img[data-fragile]")) broken(event.target);
  }, true);
  for (const image of document.querySelectorAll("img[data-fragile]")) {
    if (image.complete && image.naturalWidth === 0 && image.loading !== "lazy") broken(image);
  }

  // Copying an id or a GTIN.
  if (navigator.clipboard) {
    for (const button of document.querySelectorAll("[data-copy]")) {
      button.hidden = false;
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(button.dataset.copy);
        button.classList.add("copied");
        setTimeout(() => button.classList.remove("copied"), 1200);
      });
    }
  }

  // What brings itself up to date rests while nobody sees it.
  const unasked = (event) => event.detail.requestConfig?.headers["Listino-Unasked"] !== undefined;
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden && unasked(event)) event.preventDefault();
  });

  // The back office itself cannot be reached.
  document.addEventListener("htmx:sendError", () => {
    const notice = document.createElement("div");
    notice.className = "notice notice-bad";
    const notices = document.getElementById("notices");
    notice.textContent = notices.dataset.unreachable;
    notices.replaceChildren(notice);
  });
})();
