// SPDX-License-Identifier: LGPL-2.1-or-later
// The command line, through CLI11.
#include "options.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>

namespace {

constexpr int kWrongUsage = 2;

/// "auto", "cpu", "sim", "xrt" or "xrt:N"; CLI11 wants an empty string for a good value.
std::string checkDevice(const std::string& name) {
  if (name == "auto" || name == "cpu" || name == "sim" || name == "xrt") return {};
  const bool numbered = name.starts_with("xrt:") && name.size() > 4 && name.size() < 8 &&
                        name.find_first_not_of("0123456789", 4) == std::string::npos;
  return numbered ? std::string() : "'" + name + "' is no device: auto, cpu, sim, xrt or xrt:N";
}

/// What the command line says in words: properties by their names, and the format.
struct Words {
  std::map<std::string, std::string> properties{{"model", "whisper-base"}};
  std::string format = "text";
};

void describe(CLI::App& app, Options& options, Words& words) {
  std::map<std::string, std::string>& values = words.properties;
  app.add_option("--model", values["model"],
                 "Model: a name such as small, fetched once, or a folder or file (default: whisper-base)")
      ->type_name("NAME|PATH");
  app.add_option("--language", values["language"], "Language spoken (default: auto)")->type_name("CODE|auto");
  app.add_option("--task", values["task"], "transcribe, or translate to English")
      ->check(CLI::IsMember({"transcribe", "translate"}));
  app.add_option("--device", values["device"], "What computes: auto, cpu, sim, xrt, xrt:N (default: auto)")
      ->type_name("NAME")
      ->check(CLI::Validator(checkDevice, "", "device"));
  app.add_option("--precision", values["precision"], "Arithmetic")->check(CLI::IsMember({"int8", "float32"}));
  app.add_option("--threads", values["threads"], "Threads that compute (default: one a physical core)")
      ->type_name("N")
      ->check(CLI::Range(1, 64));
  app.add_option("--track", options.track,
                 "Sound track where there are several (default: the file's own default)")
      ->type_name("N|LANG");
  app.add_option("--format", words.format, "Output")->check(CLI::IsMember({"text", "json", "srt", "vtt"}));
  app.add_option("--output", options.output,
                 "Write here instead of to standard output (-); what is there and is no text is not replaced")
      ->type_name("FILE");
  app.add_flag(
      "--live", options.live,
      "Text while people speak: one INPUT, at the clock's pace; mic is the microphone. Ctrl-C ends it. "
      "json: a line a sentence");
  app.footer(
      "With several inputs, --output gets those that could be done, and after a signal those that were "
      "finished;\n"
      "where there are none, and until then, the file stays as it was.\n\n"
      "Exit status: 0; 1 where an input or the output failed, once the others are done; 2 for wrong usage, "
      "with\n"
      "nothing read or written; 130, 143 or 129 after SIGINT, SIGTERM or SIGHUP (--live: 0 after SIGINT).");
  app.add_option("INPUT", options.inputs,
                 "Files or URIs with audio, video files too; - is standard input, which may be a pipe")
      ->required();
  for (CLI::Option* option : app.get_options())
    if (!option->get_positional()) option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

/// Sets the properties that were named, and those that the format and --live need.
void setProperties(Options& options, const Words& words) {
  for (const auto& [name, value] : words.properties)
    if (!value.empty()) options.properties.emplace_back(name, value);
  options.model = words.properties.at("model");
  const std::map<std::string, Format> formats{
      {"text", Format::Text}, {"json", Format::Json}, {"srt", Format::Srt}, {"vtt", Format::Vtt}};
  options.format = formats.at(words.format);
  if (options.format == Format::Srt || options.format == Format::Vtt) {
    options.properties.emplace_back("granularity", "line");
    options.properties.emplace_back("lines", "2");
  } else {
    options.properties.emplace_back("granularity", "segment");
  }
  // Nobody waits for the clock here, and whole sentences read better: the longest, and what it takes to read
  // it.
  if (options.live) options.properties.emplace_back("latency", "10000");
}

}  // namespace

std::variant<Options, int> parseOptions(int argc, char** argv) {
  CLI::App app("Writes what is said in recordings, as text, JSON or captions.", "tools/transcribe");
  Options options;
  Words words;
  describe(app, options, words);
  try {
    app.parse(argc, argv);
    if (options.live && options.inputs.size() > 1) throw CLI::ValidationError("--live", "takes one INPUT");
    if (app.count("--output") > 0 && options.output.empty())
      throw CLI::ValidationError("--output", "takes a name, or - for standard output");
  } catch (const CLI::Success&) {
    std::fputs(app.help().c_str(), stdout);
    return 0;
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "transcribe: %s (--help lists the options)\n", error.what());
    return kWrongUsage;
  }
  setProperties(options, words);
  if (options.output == "-") options.output.clear();
  return options;
}
