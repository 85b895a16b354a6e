// Help while a card is typed in: grouping, and what is wrong as soon as a field is left. The server checks everything again, and the
// form works without this file. Nothing is stored and nothing is sent from here.
(() => {
  "use strict";
  const form = document.getElementById("checkout");
  if (!form) return;
  const field = (id) => document.getElementById(id);
  const number = field("number");
  const expiry = field("expiry");
  const code = field("security-code");
  const digits = (text) => text.replace(/\D/g, "");

  const luhn = (text) => {
    let sum = 0;
    for (let place = 0; place < text.length; place += 1) {
      let digit = Number(text[text.length - 1 - place]);
      if (place % 2 === 1) digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
      sum += digit;
    }
    return sum % 10 === 0;
  };

  const numberFault = () => {
    const typed = digits(number.value);
    if (typed.length < 13 || typed.length > 19) return form.dataset.numberMalformed;
    return luhn(typed) ? "" : form.dataset.numberMistyped;
  };

  const expiryFault = () => {
    const parts = /^\s*(\d{1,2})\s*\/\s*(\d{2}|\d{4})\s*$/.exec(expiry.value);
    const month = parts ? Number(parts[1]) : 0;
    if (month < 1 || month > 12) return form.dataset.expiryMalformed;
    const year = Number(parts[2].length === 2 ? `20${parts[2]}` : parts[2]);
    const now = new Date();
    const over = year < now.getFullYear() || (year === now.getFullYear() && month < now.getMonth() + 1);
    return over ? form.dataset.expiryExpired : "";
  };

  const codeFault = () => (/^\s*\d{3,4}\s*$/.test(code.value) ? "" : form.dataset.codeMalformed);

  const say = (input, fault) => {
    field(`${input.id}-error`).textContent = fault;
    if (fault) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  };

  // Groups what is typed at the end; whoever corrects in the middle keeps the caret where it is.
  const regroup = (input, group) => {
    input.addEventListener("input", (event) => {
      const atEnd = input.selectionStart === input.value.length;
      const deleting = event.inputType && event.inputType.startsWith("delete");
      if (atEnd && !deleting) input.value = group(input.value);
      if (input.getAttribute("aria-invalid")) say(input, "");
    });
  };

  regroup(number, (text) => digits(text).slice(0, 19).replace(/(\d{4})(?=\d)/g, "$1 "));
  regroup(expiry, (text) => {
    if (/^\d{2}$/.test(text)) return `${text}/`;
    if (/^[2-9]$/.test(text)) return `0${text}/`;
    if (/^\d{3,6}$/.test(text)) return `${text.slice(0, 2)}/${text.slice(2)}`;
    return text;
  });
  regroup(code, (text) => digits(text).slice(0, 4));

  for (const [input, fault] of [[number, numberFault], [expiry, expiryFault], [code, codeFault]]) {
    input.addEventListener("blur", () => {
      if (input.value.trim()) say(input, fault());
    });
  }

  form.addEventListener("submit", (event) => {
    const pay = field("pay");
    if (pay.getAttribute("aria-disabled")) {
      event.preventDefault();
      return;
    }
    pay.setAttribute("aria-disabled", "true");
    pay.dataset.label = pay.textContent;
    pay.textContent = form.dataset.paying;
  });

  // A page that comes back from the browser's memory is a new try.
  window.addEventListener("pageshow", (event) => {
    const pay = field("pay");
    if (!event.persisted || !pay.dataset.label) return;
    pay.removeAttribute("aria-disabled");
    pay.textContent = pay.dataset.label;
  });
})();
