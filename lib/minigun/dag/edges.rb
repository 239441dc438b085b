# frozen_string_literal: true

module Minigun
  class DAG
    # Makes the methods that change an Array or a Hash tell of it, so that a graph knows
    # when it has to look at them again.
    module Watched
      CHANGERS = %i[
        << []= append clear collect! compact! compare_by_identity concat default= default_proc=
        delete delete_at delete_if except! fill filter! flatten! insert keep_if map! merge! pop
        prepend push rehash reject! replace reverse! rotate! select! shift shuffle! slice! sort!
        sort_by! store transform_keys! transform_values! uniq! unshift update
      ].freeze

      def self.over(kind)
        Module.new do
          (CHANGERS & kind.instance_methods).each do |name|
            define_method(name) do |*arguments, **keywords, &block|
              super(*arguments, **keywords, &block)
            ensure
              DAG.changed
            end
          end
        end
      end
    end
    private_constant :Watched

    # The names of all nodes: an Array that outside code may change.
    class Nodes < Array
      include Watched.over(Array)
    end

    # The targets of one node: an Array that outside code may change.
    class Targets < Array
      include Watched.over(Array)
    end

    # Names of nodes to their Targets. Every name has some, whether it is a node or not,
    # and has them as a Symbol, a String and a Stage.
    class Edges < Hash
      alias_method :add, :store
      private :add

      include Watched.over(Hash)

      NO_NAME = Object.new.freeze
      private_constant :NO_NAME

      # Of any Hash, with Targets of their own.
      def self.copy(edges)
        edges.each_with_object(new) { |(name, targets), copy| copy.send(:add, name, Targets.new(targets)) }
      end

      # The Targets of what is no key: those of the same name in another form, or new ones,
      # under the Symbol.
      def default(name = NO_NAME)
        return if NO_NAME.equal?(name)

        name = name.name if name.is_a?(Stage)
        return fetch(name) if key?(name)

        other = twin(name)
        key?(other) ? fetch(other) : add(name.is_a?(String) ? other : name, Targets.new)
      end

      private

      def twin(name)
        case name
        when Symbol then name.name
        when String then name.to_sym
        end
      end
    end
  end
end
