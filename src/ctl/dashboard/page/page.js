
// What comes from the desk, and when it is drawn. The token leaves the address bar at once and stays in this tab.
const token = new URLSearchParams(location.search).get('token') || sessionStorage.getItem('hactl-token');
sessionStorage.setItem('hactl-token', token);
history.replaceState(null, '', '/');

const EMPTY = {cluster: 'hactl', now_ms: Date.now(), version: '', heard: 0, agents: 0, vips: [], hosts: [], pools: [], servers: [], sites: [], certificates: [], findings: [], looked_ms: null, drills: [], read_only: true, work: null};
let seen = EMPTY;
let log = [];
let cutSince = null;
let ended = false;

// What is known when the desk is not heard: the names of hosts, and nothing of how they are.
function forgotten(state) {
  const hosts = state.hosts.map((host) => ({...host, link: host.link === 'none' ? 'none' : 'lost', why: null, routers: [], reached: null, nginx: null}));
  const vips = state.vips.map((vip) => ({...vip, owners: [], unknown: vip.lanes.map((lane) => lane.host), asking: false, since_ms: null, service: null}));
  return {...state, hosts, vips, pools: [], sites: [], certificates: [], findings: [], looked_ms: null, read_only: state.read_only, drills: [], servers: []};
}

function draw() {
  const state = cutSince ? forgotten(seen) : seen;
  document.body.dataset.link = cutSince ? 'cut' : 'live';
  byId('link').textContent = say(cutSince ? 'cut' : 'live');
  byId('cluster').textContent = state.cluster;
  document.title = `${state.vips.some((vip) => vip.owners.length !== 1) ? '⚠ ' : ''}${state.cluster} · hactl`;
  byId('heard').textContent = cutSince ? '' : say('heard', {heard: state.heard, all: state.agents});
  drawSaid(state);
  drawPicture(state);
  if (cutSince) {
    fill(byId('alarms'), [cutSince, ended], () => [element('div', {class: 'alarm'}, element('strong', {}, ended ? say('closed') : say('alarm_cut', {time: clock(cutSince)})), ended ? '' : say('alarm_cut_why'))]);
  } else {
    drawAlarms(state);
  }
  drawTimeline(state);
  drawPools(state);
  drawSites(state);
  drawFindings(state);
  drawActions(state);
  drawWork(state);
  drawEvents(log);
  const ago = state.looked_ms == null ? '…' : lasted(state.now_ms - state.looked_ms);
  byId('foot').textContent = say('foot', {version: state.version, time: clock(state.now_ms), ago});
}

function translate() {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  for (const place of document.querySelectorAll('[data-say]')) place.textContent = say(place.dataset.say);
  byId('language').lang = language === 'zh' ? 'en' : 'zh';
  draw();
}

function light(theme) {
  document.documentElement.dataset.theme = theme;
}

const dark = matchMedia('(prefers-color-scheme: dark)');
const theme = () => kept('hactl-theme') || (dark.matches ? 'dark' : 'light');
dark.addEventListener('change', () => light(theme()));
byId('theme').addEventListener('click', () => {
  keep('hactl-theme', theme() === 'dark' ? 'light' : 'dark');
  light(theme());
});
byId('language').addEventListener('click', () => {
  language = language === 'zh' ? 'en' : 'zh';
  keep('hactl-language', language);
  translate();
});
addEventListener('resize', () => draw());

const HEAR = {
  state: (state) => { seen = state; cutSince = null; draw(); },
  words: (words) => { chinese = words; },
  log: (lines) => { log = lines; drawEvents(log); },
  beat: (beat) => { if (!document.hidden && plan && !cutSince) drawBeat(byId('picture'), plan, seen, beat); },
};

const within = (promise, ms) => Promise.race([promise, new Promise((_, late) => setTimeout(() => late(new Error('late')), ms))]);
const SILENT_MS = 4000; // the desk says something each second

// Server-sent events, read by hand: an EventSource cannot send the token in a header.
async function listen() {
  const stop = new AbortController();
  try {
    const answer = await within(fetch('/events', {headers: {'X-Hactl-Token': token}, cache: 'no-store', signal: stop.signal}), SILENT_MS);
    if (answer.status === 403) ended = true;
    if (!answer.ok) return;
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
      const {value, done} = await within(reader.read(), SILENT_MS);
      if (done) return;
      rest += value;
      const events = rest.split('\n\n');
      rest = events.pop();
      for (const text of events) {
        const name = /^event: (\w+)$/m.exec(text)?.[1];
        const data = /^data: (.*)$/m.exec(text)?.[1];
        if (data && HEAR[name]) HEAR[name](JSON.parse(data));
      }
    }
  } catch { /* tried again below */ } finally {
    stop.abort();
  }
}

async function live() {
  while (!ended) {
    await listen();
    cutSince ??= Date.now();
    draw();
    await new Promise((again) => setTimeout(again, 1000));
  }
}

light(theme());
translate();
live();
