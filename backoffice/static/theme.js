// The theme somebody chose comes with the page; without a choice it is that of the device, known before anything is painted.
(() => {
  const page = document.documentElement;
  if (page.dataset.theme) return;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => { page.dataset.bsTheme = dark.matches ? "dark" : "light"; };
  dark.addEventListener("change", follow);
  follow();
})();
