// Draws the page: what is seen first at once, the long tables when that has been painted.

function drawSections() {
  const links = [...document.querySelectorAll("main > section:not([hidden])")].map((section) => {
    return el("li", {}, el("a", { href: `#${section.id}` }, section.dataset.short));
  });
  fill(byId("sections"), links);
}

function drawRest() {
  if (bundle) {
    drawPackages();
    drawSides();
  }
  drawDependencies();
  drawGrowth();
  if (bundle) drawFiles();
  drawSections();
  performance.mark("drawn");
  document.documentElement.dataset.ready = "true";
}

drawVerdict();
if (bundle) {
  drawLimits();
  byId("upload").hidden = false;
}
drawFigures();
drawGates();
if (bundle) startMap();
requestAnimationFrame(() => setTimeout(drawRest));
