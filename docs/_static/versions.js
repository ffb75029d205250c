// The versions of these pages that lie beside this one, from versions.json above it, which docs/versions.py writes.
document.addEventListener("DOMContentLoaded", async () => {
  const select = document.getElementById("versions");
  if (!select) return;
  const { root, page, version } = select.dataset;
  const above = new URL("../", new URL(root.replace(/\/?$/, "/"), document.baseURI));
  try {
    const answer = await fetch(new URL("versions.json", above));
    const names = answer.ok ? await answer.json() : [];
    for (const name of names.filter((each) => each !== version)) select.add(new Option(name));
  } catch {
    return; // pages that are opened as files: only this version is known
  }
  select.addEventListener("change", async () => {
    const chosen = new URL(`${encodeURIComponent(select.value)}/`, above);
    const same = new URL(page, chosen);
    const found = await fetch(same, { method: "HEAD" }).catch(() => ({ ok: false }));
    location.href = found.ok ? same : new URL("index.html", chosen);
  });
});
