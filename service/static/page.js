// Copy buttons for citations; the page is complete without them.
for (const block of document.querySelectorAll("pre[data-copy]")) {
  if (!navigator.clipboard) { break; }
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.setAttribute("aria-label", "Copy " + block.dataset.copy);
  button.addEventListener("click", () => {
    navigator.clipboard.writeText(block.textContent).then(
      () => { button.textContent = "Copied"; },
      () => { button.textContent = "Not copied: select the text"; },
    );
  });
  block.before(button);
}

// Buttons that copy a text or the address of a link of the page.
for (const button of document.querySelectorAll("button[data-copies]")) {
  if (!navigator.clipboard) { break; }
  const words = button.textContent;
  const source = document.getElementById(button.dataset.copies);
  button.hidden = false;
  button.addEventListener("click", () => {
    navigator.clipboard.writeText(source.href || source.textContent).then(
      () => { button.textContent = "Copied"; setTimeout(() => { button.textContent = words; }, 2000); },
      () => { button.textContent = "Not copied: select the text"; },
    );
  });
}
