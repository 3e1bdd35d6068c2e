// Light or dark, as Airflow around this frame is, else as the browser is; before anything is painted.
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");

  function around() {
    try {
      return parent === self ? null : parent.document.documentElement;
    } catch {
      return null; // another origin
    }
  }

  function follow() {
    const classes = around()?.classList;
    const said = classes?.contains("dark") ? "dark" : classes?.contains("light") ? "light" : null;
    const theme = said ?? (dark.matches ? "dark" : "light");
    if (root.dataset.theme !== theme) {
      root.dataset.theme = theme;
      dispatchEvent(new Event("theme"));
    }
  }

  follow();
  dark.addEventListener("change", follow);
  const outer = around();
  if (outer) new MutationObserver(follow).observe(outer, { attributes: true, attributeFilter: ["class"] });
})();
