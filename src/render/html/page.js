(() => {
  "use strict";
  let pinned = null; // the claim that stays lit after a click
  let came = null; // the number in the text from which the table was entered

  const claimOf = (node) => {
    const near = node instanceof Element ? node.closest("[data-c]") : null;
    return near ? near.dataset.c.split(" ")[0] : null;
  };
  const light = (claim) => {
    for (const node of document.querySelectorAll(".lit")) node.classList.remove("lit");
    if (!claim) return;
    const section = document.getElementById(claim.split("-")[0]);
    for (const node of section.querySelectorAll(`[data-c~="${claim}"]`)) node.classList.add("lit");
  };
  const held = () => claimOf(document.activeElement) ?? pinned;

  document.addEventListener("pointerover", (event) => light(claimOf(event.target) ?? held()));
  document.documentElement.addEventListener("pointerleave", () => light(held()));
  document.addEventListener("focusin", (event) => light(claimOf(event.target) ?? pinned));
  document.addEventListener("focusout", () => light(pinned));
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a"); // Enter on a link is a click as well
    if (link?.matches(".ref")) came = link;
    if (link) return;
    const claim = claimOf(event.target);
    pinned = claim === pinned ? null : claim;
    light(held());
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const active = document.activeElement;
    pinned = null;
    if (came && active.closest("tr")) came.focus();
    else active.blur();
    light(claimOf(document.activeElement));
  });
})();
