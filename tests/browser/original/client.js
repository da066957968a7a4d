// A stand-in for the original system's JavaScript class, written from a description of that class
// and its faults: the server must serve such a client as it is. It is a plain script, because one
// of the faults (a variable that is never declared) is an error in modules.

function RTBroadcaster(url, onConnectionCallback, openCallback, closeCallback, errorCallback) {
  var self = this;
  var uuidInAddress = window.location.search.split("uuid=")[1];
  self.isOwner = !uuidInAddress;
  self.connected = false;
  self.uuid = uuidInAddress;
  self.suscribedFuncs = new Map();

  if (!window.WebSocket) {
    console.error("Your browser does not support WebSockets.");
    errorCallback("Your browser does not support WebSockets.");
    return;
  }
  var conn = new WebSocket(url.toString());

  conn.onopen = function () {
    self.sendMessage(JSON.stringify(envelope(self.isOwner ? undefined : self.uuid, self.isOwner ? 1 : 2, "", [], false)));
    openCallback();
  };
  conn.onclose = function () {
    closeCallback();
  };
  conn.onmessage = function (event) {
    var lines = event.data.split("\n");
    for (var i = 0; i < lines.length; i++) {
      objMessage = JSON.parse(lines[i]);
      receive(objMessage);
    }
  };

  function receive(message) {
    if (!message.uuid) return;
    self.uuid = message.uuid;
    if (message.status.value !== 3) return;
    if (!self.connected) {
      self.connected = true;
      onConnectionCallback(message.uuid);
    }
    if (!message.funcKey) return;
    // A key without a function throws an error from onmessage, and the rest of the frame is lost.
    var _func = self.suscribedFuncs.get(message.funcKey);
    _func(message.funcParams);
  }

  self.sendMessage = function (text) {
    conn.send(text);
  };
  self.sendAction = function (funcKey, funcParams, isState) {
    self.sendMessage(JSON.stringify(envelope(self.uuid, 3, funcKey, funcParams, isState)));
  };
  self.suscribeFunc = function (funcKey, func) {
    self.suscribedFuncs.set(funcKey, func);
  };
  self.unsuscribeFunc = function (funcKey) {
    self.suscribedFuncs.delete(funcKey);
  };
}

function envelope(uuid, value, funcKey, funcParams, stateMessage) {
  var texts = { 1: "new", 2: "join", 3: "connected" };
  return {
    uuid: uuid,
    status: { value: value, text: texts[value] },
    funcKey: funcKey,
    funcParams: funcParams,
    stateMessage: stateMessage,
  };
}
