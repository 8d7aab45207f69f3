// Conveniences only: every page works without them.
(() => {
  const typing = (element) => element.closest("input, textarea, select, [contenteditable]") !== null;

  // "/" leads to the search.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const search = document.querySelector("[data-search]");
    if (search === null) return;
    event.preventDefault();
    search.focus();
    search.select();
  });

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

  // The back office itself cannot be reached.
  document.addEventListener("htmx:sendError", () => {
    const notice = document.createElement("div");
    notice.className = "notice notice-bad";
    notice.textContent = "The back office does not answer. Check your connection, then load the page again.";
    document.getElementById("notices").replaceChildren(notice);
  });
})();
