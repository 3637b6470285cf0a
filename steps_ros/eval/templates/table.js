'use strict';
(() => {
  const value = (row, column) => {
    const cell = row.cells[column];
    return 'value' in cell.dataset ? Number(cell.dataset.value || 'NaN') : cell.textContent.trim();
  };
  const compare = (a, b) =>
    typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b), 'en', { numeric: true });
  const isMissing = (item) => Number.isNaN(item) || item === '' || item === '–';

  const sort = (table, column, direction) => {
    const sign = direction === 'ascending' ? 1 : -1;
    const body = table.tBodies[0];
    const rows = Array.from(body.rows, (row) => [value(row, column), row]);
    rows.sort(([a], [b]) => {
      if (isMissing(a) || isMissing(b)) return isMissing(a) - isMissing(b);
      return sign * compare(a, b);
    });
    body.append(...rows.map(([, row]) => row));
    Array.from(table.tHead.rows[0].cells).forEach((head, number) => {
      if (head.hasAttribute('aria-sort')) head.setAttribute('aria-sort', number === column ? direction : 'none');
    });
    body.classList.add('sorted');
  };

  for (const table of document.querySelectorAll('table.sortable')) {
    Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.append(...head.childNodes);
      head.append(button);
      head.setAttribute('aria-sort', 'none');
      button.addEventListener('click', () =>
        sort(table, column, head.getAttribute('aria-sort') === 'ascending' ? 'descending' : 'ascending'));
    });
  }

  const chooser = document.querySelector('[data-chooser]');
  if (chooser) {
    chooser.hidden = false;
    chooser.addEventListener('change', (event) => {
      for (const row of document.querySelectorAll('tr[data-alignment]')) {
        row.hidden = event.target.value !== 'all' && row.dataset.alignment !== event.target.value;
      }
    });
  }
})();
