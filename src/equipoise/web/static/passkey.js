// Passkeys: asks the browser, puts its answer into the form and sends it. Without this file, and in browsers
// that know no passkeys, the code fields do.
(function () {
  "use strict";
  if (!window.PublicKeyCredential || !navigator.credentials) { return; }

  function bytes(text) {
    var plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, function (sign) { return sign.charCodeAt(0); });
  }
  function text(buffer) {
    var plain = String.fromCharCode.apply(null, new Uint8Array(buffer));
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }
  function named(list) {
    return (list || []).map(function (one) { return { type: one.type, id: bytes(one.id) }; });
  }
  function answer(credential) {
    var response = { clientDataJSON: text(credential.response.clientDataJSON) };
    ["attestationObject", "authenticatorData", "signature", "userHandle"].forEach(function (name) {
      if (credential.response[name]) { response[name] = text(credential.response[name]); }
    });
    return JSON.stringify({
      id: credential.id, rawId: text(credential.rawId), type: credential.type, response: response,
      clientExtensionResults: credential.getClientExtensionResults()
    });
  }
  function send(form, field, credential) {
    form.elements[field].value = answer(credential);
    form.requestSubmit();
  }
  function failed(form) {
    var place = form.querySelector("[data-passkey-failed]");
    if (place) { place.textContent = place.dataset.passkeyFailed; }
  }

  document.querySelectorAll("[data-passkey]").forEach(function (button) {
    var form = button.form;
    button.hidden = false;
    button.addEventListener("click", function () {
      fetch(button.dataset.passkey, {
        method: "POST",
        headers: { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
        credentials: "same-origin"
      }).then(function (found) {
        if (!found.ok) { throw new Error("no challenge"); }
        return found.json();
      }).then(function (asked) {
        asked.challenge = bytes(asked.challenge);
        asked.allowCredentials = named(asked.allowCredentials);
        return navigator.credentials.get({ publicKey: asked });
      }).then(function (credential) { send(form, "passkey", credential); }).catch(function () { failed(form); });
    });
  });

  // A passkey is made when the form is sent, once; then the form goes with it.
  document.querySelectorAll("[data-passkey-new]").forEach(function (button) {
    var form = button.form;
    form.addEventListener("submit", function (event) {
      if (form.elements.credential.value) { return; }
      event.preventDefault();
      event.stopPropagation();
      var asked = JSON.parse(button.dataset.passkeyNew);
      asked.challenge = bytes(asked.challenge);
      asked.user.id = bytes(asked.user.id);
      asked.excludeCredentials = named(asked.excludeCredentials);
      navigator.credentials.create({ publicKey: asked }).then(function (credential) {
        send(form, "credential", credential);
      }).catch(function () { failed(form); });
    });
  });
})();
