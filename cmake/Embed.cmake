# heliograph_embed(out.cpp "namespace::function" header files...): the files' texts as a table of (name, text) in a C++ source.
function(heliograph_embed output function header)
  set(script ${CMAKE_SOURCE_DIR}/cmake/embed.cmake)
  string(REPLACE ";" "," files "${ARGN}")
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} -DFUNCTION=${function} -DHEADER=${header} -DFILES=${files} -P ${script}
    DEPENDS ${ARGN} ${script}
    VERBATIM)
endfunction()
