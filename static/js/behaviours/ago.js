// <time data-behaviour="ago" datetime="...">: the words stay true while the page is open.
// The same words as outreach/kit/words.py; a date older than a month does not change any more.
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;
const times = new Set();

const words = (at) => {
  const gap = (Date.now() - at) / 1000;
  const distance = Math.trunc(Math.abs(gap));
  if (distance < 5) return gap >= 0 ? "just now" : "in a moment";
  if (distance >= 30 * DAY) return null;
  let text;
  if (distance < MINUTE) text = `${distance} s`;
  else if (distance < HOUR) text = `${Math.floor(distance / MINUTE)} min`;
  else if (distance < DAY) text = `${Math.floor(distance / HOUR)} h`;
  else {
    const days = Math.floor(distance / DAY);
    text = `${days} ${days === 1 ? "day" : "days"}`;
  }
  return gap >= 0 ? `${text} ago` : `in ${text}`;
};

const refresh = () => {
  if (document.hidden) return;
  for (const time of times) {
    if (!time.isConnected) {
      times.delete(time);
      continue;
    }
    const text = words(new Date(time.dateTime));
    if (text && time.textContent !== text) time.textContent = text;
  }
};

setInterval(refresh, 5000);
document.addEventListener("visibilitychange", refresh);

export default (time) => times.add(time);
