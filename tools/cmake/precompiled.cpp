// The only source of the target that owns the shared precompiled header (targets.cmake).
