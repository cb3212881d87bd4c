// Draws month and week from the entries that the page carries. Without it, the list below says the same.
(() => {
  "use strict";
  const place = document.getElementById("op-calendar");
  const data = document.getElementById("op-calendar-entries");
  if (!place || !data || !window.EventCalendar) return;
  place.hidden = false;
  window.EventCalendar.create(place, {
    view: place.dataset.view === "week" ? "timeGridWeek" : "dayGridMonth",
    date: place.dataset.date,
    events: JSON.parse(data.textContent),
    headerToolbar: { start: "", center: "", end: "" },
    firstDay: 1,
    height: place.dataset.view === "week" ? "40rem" : undefined,
    dayMaxEvents: true,
    nowIndicator: false,
    editable: false,
    eventTimeFormat: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
    slotLabelFormat: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  });
})();
