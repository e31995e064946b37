// SPDX-License-Identifier: LGPL-2.1-or-later
// Where an input is: a file, or something behind a URI.
#pragma once

#include <string>

/// The URI of a file's name, or of a URI; empty, with the reason in `error`, where nothing can be read there.
std::string uriOf(const std::string& input, std::string& error);

/// The file's name where `uri` is of a file, else empty.
std::string fileOf(const std::string& uri);

/// Why the host of a network URI cannot be reached, empty where it can, or where the URI names no host. Waits
/// for it, a few seconds at most.
std::string unreachable(const std::string& uri);
