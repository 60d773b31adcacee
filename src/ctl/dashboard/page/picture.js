
// The picture itself. It is built anew where other hosts come or the width is another; otherwise only what has changed
// is set, so that a chip drifts from one host to the next.
let plan = null;
let parts = null;

function drawPicture(state) {
  const svg = byId('picture');
  const width = svg.parentElement.clientWidth;
  const shape = JSON.stringify([width < 720, language, state.hosts.map((host) => [host.name, host.group]), state.vips.map((vip) => [vip.name, vip.lanes.map((lane) => lane.host)])]);
  if (!plan || plan.shape !== shape) {
    plan = {...layout(state, width), shape};
    parts = build(svg, state);
  }
  for (const host of state.hosts) updateNode(state, host);
  state.vips.forEach((vip, at) => updateVip(svg, state, vip, at));
  updateFlows(state);
}

function build(svg, state) {
  svg.replaceChildren();
  svg.setAttribute('viewBox', `0 0 ${plan.total} ${plan.height}`);
  const made = {nodes: new Map(), chips: new Map(), flows: drawn('g'), walls: new Map()};
  svg.append(made.flows);
  for (const [row, line] of [[plan.lbs, plan.lbs.bus], [plan.webs, plan.webs.bus]]) {
    if (!line || row.placed.length < 2) continue;
    const xs = row.placed.map(middle);
    const drops = row.placed.map((node) => `M${middle(node)} ${node.y + node.height}V${line}`).join('');
    svg.append(drawn('path', {class: 'bus', d: `${drops}M${Math.min(...xs)} ${line}H${Math.max(...xs)}`}));
  }
  const {client} = plan;
  const clients = drawn('g', {class: 'node'});
  clients.append(drawn('rect', {...client, rx: 22}));
  clients.append(drawn('text', {x: plan.total / 2, y: client.y + 28, 'text-anchor': 'middle', class: 'title'}, say('clients')));
  svg.append(clients);
  for (const [name, node] of plan.nodes) {
    const group = drawn('g', {class: 'node', 'data-host': name});
    group.append(drawn('rect', {x: node.x, y: node.y, width: node.width, height: node.height, rx: 12}));
    const text = (dx, dy, kind, anchor) => {
      const made = drawn('text', {x: node.x + dx, y: node.y + dy, class: kind, 'text-anchor': anchor || 'start'});
      group.append(made);
      return made;
    };
    const inner = plan.narrow ? 10 : 14;
    text(inner, 25, 'title').textContent = name;
    const state = text(node.width - inner, 25, 'state', 'end');
    const lines = [text(inner, 46, 'small'), text(inner, 64, 'small'), text(inner, 82, 'small')];
    svg.append(group);
    made.nodes.set(name, {group, state, lines});
  }
  state.vips.forEach((vip) => {
    const line = plan.bus(vip);
    const wall = drawn('g', {visibility: 'hidden'});
    if (line) {
      const x = plan.total / 2;
      wall.append(drawn('path', {class: 'wall', d: `M${x - 8} ${line - 8}L${x + 8} ${line + 8}M${x + 8} ${line - 8}L${x - 8} ${line + 8}`}));
      wall.append(drawn('text', {class: 'wall-words', x, y: line + 26, 'text-anchor': 'middle'}, say('wall')));
    }
    svg.append(wall);
    made.walls.set(vip.name, wall);
  });
  if (plan.more) svg.append(drawn('text', {class: 'small', x: plan.total / 2, y: plan.height - 6, 'text-anchor': 'middle'}, say('more_hosts', {n: plan.more})));
  return made;
}

// What is said of a host: its kind, its state, and up to three lines.
function told(state, host) {
  const now = state.now_ms;
  const silence = () => (host.heard_ms ? say('not_heard', {time: lasted(now - host.heard_ms)}) : say('never_heard'));
  const nginx = host.nginx == null ? null : say(host.nginx ? 'nginx_up' : 'nginx_down');
  if (host.link === 'connecting') return {kind: '', state: '', lines: [say('connecting')]};
  if (host.link === 'lost' || host.link === 'silent') return {kind: 'unknown', state: say('unknown'), lines: [silence(), inWords(host.why) || '']};
  if (host.link === 'none') {
    if (host.reached == null) return {kind: '', state: '', lines: [host.address, say('being_asked')]};
    if (!host.reached) return {kind: 'unknown', state: say('not_reached'), lines: [host.address, inWords(host.why) || '']};
    const drained = state.servers.some((server) => server.host === host.name && server.drained);
    const kind = !host.nginx ? 'wrong' : drained ? 'odd-node' : '';
    return {kind, state: drained ? say('drained') : '', lines: [host.address, nginx]};
  }
  const router = host.routers[0];
  if (!router) return {kind: 'odd-node', state: '', lines: [host.address, nginx]};
  const owns = host.routers.some((one) => ['MASTER', 'HANDOVER'].includes(one.state));
  const two = state.vips.some((vip) => vip.owners.length > 1 && vip.owners.includes(host.name));
  const fault = host.routers.find((one) => one.state === 'FAULT');
  const kind = two || fault ? 'wrong' : owns ? 'owner' : '';
  const shown = fault || router;
  const priority = say(shown.pinned ? 'priority_pinned' : 'priority', {n: shown.priority});
  const silent = shown.advert_ms == null ? 0 : now - shown.advert_ms;
  const rate = shown.adverts_10s == null ? '…' : perSecond(shown.adverts_10s);
  let beats = shown.withheld ? say('withheld') : '';
  if (!beats && silent > limitOf(state, shown.name)) beats = say('deaf', {time: lasted(silent)});
  else if (!beats && shown.from) beats = say('hears', {from: shown.from, rate});
  else if (!beats && owns) beats = say('sends', {rate});
  if (fault) beats = fault.faults.map(inWords).join('; ');
  return {kind, state: stateWord(shown.state), lines: [`${host.address} · ${priority}`, beats, nginx]};
}

const limitOf = (state, router) => 3 * (state.vips.find((vip) => vip.name === router)?.interval_ms ?? 1000) + 1500;

function updateNode(state, host) {
  const made = parts.nodes.get(host.name);
  if (!made) return;
  const {kind, state: word, lines} = told(state, host);
  made.group.setAttribute('class', `node ${kind}`);
  made.state.textContent = word;
  const room = plan.narrow ? 25 : 31;
  made.lines.forEach((line, at) => {
    const text = lines[at] || '';
    const wide = [...text].reduce((sum, letter) => sum + (letter > '\u2e80' ? 2 : 1), 0);
    const short = wide > room ? [...text].slice(0, Math.floor(room * text.length / wide) - 1).join('') + '…' : text;
    if (line.firstChild?.data !== short) line.textContent = short;
    line.setAttribute('aria-label', text);
  });
}

// Where adverts are lost: a host that is heard, and hears none itself; or two that both send, one of which is deaf.
function deafHosts(state, vip) {
  if (vip.owners.length > 1) return vip.owners.slice(1);
  const sends = vip.owners.length === 1;
  return vip.lanes.map((lane) => state.hosts.find((host) => host.name === lane.host)).filter((host) => {
    const router = host?.routers.find((one) => one.name === vip.name);
    return sends && router?.state === 'BACKUP' && (router.withheld || (router.advert_ms && state.now_ms - router.advert_ms > limitOf(state, vip.name)));
  }).map((host) => host.name);
}

function updateVip(svg, state, vip, at) {
  const lost = vip.owners.length === 0;
  const places = lost ? [null] : vip.owners;
  for (let slot = 0; slot < Math.max(places.length, 2); slot++) {
    const key = `${vip.name} ${slot}`;
    let chip = parts.chips.get(key);
    if (slot >= places.length) {
      if (chip) { chip.remove(); parts.chips.delete(key); }
      continue;
    }
    const {x, y, width} = chipPlace(plan, state, vip, at, places[slot]);
    if (!chip) {
      chip = drawn('g', {class: 'chip'});
      chip.append(drawn('rect', {width, height: CHIP.height, rx: 13}));
      chip.append(drawn('text', {x: width / 2, y: 18, 'text-anchor': 'middle'}));
      svg.append(chip);
      parts.chips.set(key, chip);
    }
    const kind = `chip${places.length > 1 ? ' wrong' : lost && !vip.asking ? ' lost' : ''}`;
    chip.setAttribute('class', kind);
    chip.dataset.vip = vip.address || vip.name;
    chip.dataset.at = places[slot] || '';
    const words = (vip.address || vip.name) + (lost ? ' ?' : '');
    if (chip.lastChild.textContent !== words) chip.lastChild.textContent = words;
    chip.style.transform = `translate(${x}px, ${y}px)`;
  }
  parts.walls.get(vip.name).setAttribute('visibility', deafHosts(state, vip).length ? 'visible' : 'hidden');
}

// Which way requests go: from clients to whoever has the VIP, and from there to the servers.
function updateFlows(state) {
  const paths = [];
  const {client} = plan;
  state.vips.forEach((vip, at) => {
    if (!vip.has_sites) return;
    for (const owner of vip.owners) {
      const node = plan.nodes.get(owner);
      if (!node) continue;
      const chip = chipPlace(plan, state, vip, at, owner);
      const answers = !vip.service || vip.service.expected;
      const kind = vip.owners.length > 1 ? 'flow wrong' : answers ? 'flow' : 'flow broken';
      paths.push([kind, `M${plan.total / 2} ${client.y + client.height}C${plan.total / 2} ${chip.y - 10} ${middle(node)} ${client.y + client.height} ${middle(node)} ${chip.y}`]);
    }
  });
  const main = state.vips.find((vip) => vip.has_sites);
  for (const owner of main ? main.owners : []) {
    const from = plan.nodes.get(owner);
    for (const {host} of plan.webs.placed) {
      const to = plan.nodes.get(host.name);
      if (!from || !to || from === to) continue;
      const server = state.pools.flatMap((pool) => pool.servers).find((one) => one.name === host.name);
      const off = server ? server.state !== 'up' : host.nginx === false;
      const y1 = from.y + from.height;
      paths.push([off ? 'flow off' : 'flow', `M${middle(from)} ${y1}C${middle(from)} ${y1 + 60} ${middle(to)} ${to.y - 60} ${middle(to)} ${to.y}`]);
    }
  }
  fill(parts.flows, paths, () => paths.map(([kind, d]) => drawn('path', {class: kind, d})));
}
