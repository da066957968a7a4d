/** Distances on the slide. Points are `{x, y}`, in any unit. */

export const distance = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);

/** The distance from a point to the nearest point of the segment a–b. */
export function distanceToSegment(point, a, b) {
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const length2 = dx * dx + dy * dy;
  const along = length2 === 0 ? 0 : ((point.x - a.x) * dx + (point.y - a.y) * dy) / length2;
  const share = Math.min(1, Math.max(0, along));
  return distance(point, { x: a.x + share * dx, y: a.y + share * dy });
}

/** The distance between the segments a–b and c–d: 0 if they cross, else that of the nearest end. */
export function distanceOfSegments(a, b, c, d) {
  if (cross(a, b, c, d)) return 0;
  return Math.min(
    distanceToSegment(a, c, d),
    distanceToSegment(b, c, d),
    distanceToSegment(c, a, b),
    distanceToSegment(d, a, b),
  );
}

function cross(a, b, c, d) {
  return side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0;
}

/** On which side of the line a–b a point is: the sign of the cross product. */
function side(a, b, point) {
  return Math.sign((b.x - a.x) * (point.y - a.y) - (b.y - a.y) * (point.x - a.x));
}
