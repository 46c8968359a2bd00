// Gives the shared precompiled header of targets.cmake a target to live in.
