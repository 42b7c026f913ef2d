-- The call of countersign.yaml, as a script of mod_lua.
local pins = {["100042"] = "2468", ["100043"] = "1357", ["100044"] = "8642", ["100045"] = "7531", ["100046"] = "9264"}
local prompts = session:getVariable("bench_prompts")

session:answer()
local account = session:playAndGetDigits(6, 6, 3, 5000, "", prompts .. "/ask-account.wav", "", "\\d{6}", "account", 3000)
local pin = session:playAndGetDigits(4, 4, 3, 5000, "", prompts .. "/ask-pin.wav", "", "\\d{4}", "pin", 3000)
if pin ~= "" and pins[account] == pin then
  session:streamFile(prompts .. "/confirmation.wav")
  session:transfer("menu", "XML", "default")
else
  session:transfer("agents", "XML", "default")
end
