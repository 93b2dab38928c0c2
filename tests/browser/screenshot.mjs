// A picture of the HTML report: FILE, OUT. What was dropped is shown, and the package that is chosen is pydantic.
import { launch, open } from "./browser.mjs";

const [file, out] = process.argv.slice(2);
const browser = await launch();
try {
  const { page } = await open(browser, file);
  await page.click("#with-dropped");
  await page.evaluate(() => {
    const named = (name) => [...document.querySelectorAll("#packages button.link")].find((button) => button.textContent === name);
    named("pydantic")?.click();
    document.querySelector("#crumbs button")?.click();
    document.activeElement?.blur();
    scrollTo(0, 0);
  });
  await page.mouse.move(0, 0);
  await page.screenshot({ path: out });
} finally {
  await browser.close();
}
