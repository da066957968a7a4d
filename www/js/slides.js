/**
 * The deck of the demo, which explains rtbroadcaster. Sizes are in hundredths of the slide's width
 * (css/slides.css). No text is too small to read on a phone that is held upright.
 */

const screen = (x, y, width, kind, label = "") => {
  const height = width * 0.62;
  return `<g class="screen ${kind}" transform="translate(${x} ${y})">
    <rect width="${width}" height="${height}" rx="${width * 0.07}"/>
    <path d="M${width * 0.16} ${height * 0.32}h${width * 0.42}M${width * 0.16} ${height * 0.54}h${width * 0.3}"/>
    <circle cx="${width * 0.74}" cy="${height * 0.66}" r="${width * 0.055}"/>
    ${label && `<text x="${width / 2}" y="${height + 62}">${label}</text>`}
  </g>`;
};

const title = {
  name: "title",
  html: `
    <div class="words">
      <p class="kicker">rtbroadcaster</p>
      <h2>One page drives.<br><em>Every other page follows.</em></h2>
    </div>
    <svg class="art" viewBox="0 0 700 720" aria-hidden="true">
      <path class="ray" d="M270 360C390 360 380 130 470 130M270 360H470M270 360C390 360 380 590 470 590"/>
      ${screen(10, 268, 290, "owner")}
      ${screen(480, 66, 200, "follower")}
      ${screen(480, 298, 200, "follower")}
      ${screen(480, 530, 200, "follower")}
    </svg>`,
};

const room = {
  name: "room",
  html: `
    <h2>A room, an owner, <em>any number of followers</em></h2>
    <svg class="wide" viewBox="0 0 1500 540" role="img" aria-label="The owner sends into the room, the room sends to every follower.">
      <path class="ray" d="M350 231H560M910 231C1050 231 1050 71 1200 71M910 231H1200M910 231C1050 231 1050 391 1200 391"/>
      ${screen(10, 126, 340, "owner", "owner")}
      <g class="hub"><circle cx="735" cy="231" r="172"/><text x="735" y="250">room</text></g>
      ${screen(1215, 0, 230, "follower")}
      ${screen(1215, 160, 230, "follower")}
      ${screen(1215, 320, 230, "follower", "followers")}
    </svg>`,
};

const call = {
  name: "call",
  html: `
    <h2>A broadcast is <em>a function call</em></h2>
    <div class="panels">
      <figure><figcaption>The owner’s page calls</figcaption>
        <pre><code>room.<b>broadcast</b>("goTo", [3])</code></pre></figure>
      <figure><figcaption>Every other page runs</figcaption>
        <pre><code><b>goTo</b>: (slide) =&gt; show(slide)</code></pre></figure>
    </div>
    <p>What it means is up to your page.</p>`,
};

const late = {
  name: "late",
  html: `
    <div class="words">
      <h2>Come late, <em>see it all</em></h2>
      <p>The room keeps the last message of every slot for whoever joins.</p>
    </div>
    <table>
      <caption>Kept by this room</caption>
      <tr><th>goTo</th><td>slide 4</td></tr>
      <tr><th>laser</th><td>0.42, 0.61</td></tr>
      <tr><th>stroke‑17</th><td><svg viewBox="0 0 200 60" aria-label="a drawn line"><path d="M8 40C30 0 46 0 60 30S98 62 112 30 150 2 192 24"/></svg></td></tr>
      <tr><th>stroke‑18</th><td><svg viewBox="0 0 200 60" aria-label="another drawn line"><path d="M8 14C60 60 80 58 100 30S160 10 192 48"/></svg></td></tr>
    </table>`,
};

const back = {
  name: "back",
  html: `
    <h2>Connections break. <em>The tour goes on.</em></h2>
    <svg class="wide" viewBox="0 0 1500 380" role="img" aria-label="A line that breaks off, comes back, and catches up with the other.">
      <path class="track" d="M40 110H1460"/>
      <path class="ray" d="M40 270H480M860 270C920 270 920 110 980 110"/>
      <path class="gap" d="M500 270H840"/>
      <g class="stations"><circle cx="40" cy="110" r="20"/><circle cx="340" cy="110" r="20"/><circle cx="660" cy="110" r="20"/><circle cx="980" cy="110" r="20"/><circle cx="1300" cy="110" r="20"/></g>
      <text x="40" y="54">the room</text><text x="40" y="348">your phone</text>
      <text x="670" y="348" text-anchor="middle">a tunnel</text><text x="880" y="348">caught up</text>
    </svg>
    <p>Whoever comes back catches up.</p>`,
};

const code = {
  name: "code",
  html: `
    <h2>Drive <em>your own page</em></h2>
    <pre><code><i>import</i> { create } <i>from</i> "rtbroadcaster";

<i>const</i> room = <i>await</i> create("/broadcasting");
link.href = "follow.html#" + room.uuid;

room.<b>broadcast</b>("goTo", [3], { state: <i>true</i> });</code></pre>
    <p>No framework, no bundler: one module.</p>`,
};

const draw = {
  name: "draw",
  html: `
    <div class="words">
      <h2>Now <em>draw on it</em></h2>
      <p>Take the pen. Everyone sees the ink while it is wet.</p>
    </div>
    <svg class="art" viewBox="0 0 600 600" aria-hidden="true">
      <path class="board" d="M210 40V560M390 40V560M40 210H560M40 390H560"/>
      <path class="cross" d="M88 88l74 74m0-74l-74 74"/>
      <circle class="nought" cx="300" cy="300" r="48"/>
    </svg>`,
};

const end = {
  name: "end",
  html: `
    <p class="kicker">rtbroadcaster</p>
    <h2>Your turn</h2>
    <p>Clone it, run one command, open the link on your phone.</p>
    <pre><code>cargo xtask serve</code></pre>`,
};

/** All slides, in the order in which they are shown. */
export const SLIDES = [title, room, call, late, back, code, draw, end];
