# Writes TARGET, from TEMPLATE, with VERSION and the revision of the sources in SOURCE. TARGET is written only
# if its content changes, so that a build without changes compiles and links nothing.
#   cmake -DSOURCE=… -DTEMPLATE=… -DTARGET=… -DVERSION=… -P revision.cmake

set(revision unknown)
find_program(git git)

# git(result arguments…): sets `result` to what git prints in SOURCE, or to nothing if git fails.
function(git result)
  execute_process(COMMAND ${git} --no-optional-locks -C ${SOURCE} ${ARGN}
    OUTPUT_VARIABLE output OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    set(output "")
  endif()
  set(${result} "${output}" PARENT_SCOPE)
endfunction()

if(git)
  git(top rev-parse --show-toplevel)
  # A copy of the sources may lie inside the checkout of another project, whose revision would be wrong.
  get_filename_component(own "${SOURCE}" REALPATH)
  if(top STREQUAL own)
    git(head rev-parse --short=12 HEAD)
    git(changes diff HEAD -- CMakeLists.txt launcher sharding src tools/cmake)
    if(head)
      set(revision ${head})
    endif()
    if(head AND changes)
      string(SHA256 changes "${changes}")
      string(SUBSTRING ${changes} 0 12 changes)
      set(revision "${head} with changes ${changes}")
    endif()
  endif()
endif()
configure_file(${TEMPLATE} ${TARGET} @ONLY)
