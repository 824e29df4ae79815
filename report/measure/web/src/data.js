// What measure writes (html.go, type page), with names instead of places.

export function read(text) {
  const page = JSON.parse(text);
  const modules = page.modules.map((m) => ({ ...m, ratio: m.alone && m.split ? m.alone / m.own : NaN }));
  return {
    ...page,
    modules: modules.filter((m) => !m.error),
    failed: modules.filter((m) => m.error),
    tree: tree(modules.filter((m) => !m.error), page.kinds),
  };
}

// tree returns folders → modules → types. A node has a name, a parent and either
// children or bytes; a folder's only folder is one with it.
function tree(modules, kinds) {
  const root = { name: "", children: [], folders: new Map() };
  for (const m of modules) {
    const parts = m.path.split("/");
    const file = parts.pop();
    let node = root;
    for (const part of parts) {
      if (!node.folders.has(part)) {
        const folder = { name: part, children: [], folders: new Map() };
        node.folders.set(part, folder);
        node.children.push(folder);
      }
      node = node.folders.get(part);
    }
    node.children.push({ name: file, module: m, children: types(m, kinds) });
  }
  return shortened(root);
}

function shortened(node) {
  node.children = node.children.map((c) => (c.folders ? shortened(c) : c));
  const only = node.children[0];
  if (node.children.length === 1 && only.folders) {
    return { ...only, name: node.name ? `${node.name}/${only.name}` : only.name };
  }
  return node;
}

// types returns the parts of a module: single types, and the rest by kind.
function types(m, kinds) {
  const single = new Set(m.parts.filter(([, name]) => name).map(([kind]) => kind));
  return m.parts.map(([kind, name, bytes, modules]) => ({
    name: name || `${single.has(kind) ? "other " : ""}${kinds[kind]}`,
    kind: name && kinds[kind],
    modules,
    bytes,
  }));
}
